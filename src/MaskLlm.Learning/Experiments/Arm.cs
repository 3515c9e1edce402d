using System.Globalization;
using System.Text;
using MaskLlm.Learning;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>One thing that an experiment measures: the dense model, or the model under one mask, which one of the requests makes.</summary>
/// <param name="Label">Its row or column in the tables; arms that differ in seed or domain only share it.</param>
/// <param name="Texts">Names of the texts that perplexities are taken on.</param>
internal sealed record Arm(string Label, IReadOnlyList<string> Texts)
{
    internal ulong? Seed { get; init; }

    internal string? Domain { get; init; }

    /// <summary>The line of the plot that this is a point of.</summary>
    internal string? Series { get; init; }

    /// <summary>Where on that line.</summary>
    internal double? X { get; init; }

    /// <summary>The mask file that is there when the work is done; null for the dense model.</summary>
    internal string? Mask { get; init; }

    /// <summary>The checkpoint that is measured in place of the experiment's own, where the weights that stay are other ones.</summary>
    internal string? Model { get; init; }

    internal PruneRequest? Prune { get; init; }

    internal LearnRequest? Learn { get; init; }

    internal MergeRequest? Merge { get; init; }

    /// <summary>The name of its folder, from label, domain and seed.</summary>
    internal string Slug
    {
        get
        {
            StringBuilder slug = new();
            foreach (char c in string.Create(CultureInfo.InvariantCulture, $"{Label} {Domain}{(Seed is null ? "" : $" seed{Seed}")}")
                .ToLowerInvariant())
            {
                if (char.IsLetterOrDigit(c) || c == '.') slug.Append(c);
                else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            }
            return slug.ToString().Trim('-');
        }
    }

    /// <summary>For people.</summary>
    internal string Title =>
        string.Create(CultureInfo.InvariantCulture,
        $"{Label}{(Domain is null ? "" : $", {Domain}")}{(Seed is null ? "" : $", seed {Seed}")}");
}
