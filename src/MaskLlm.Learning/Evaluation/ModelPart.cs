namespace MaskLlm.Evaluation;

/// <summary>Linear layers that one <c>Skip</c> takes: those of a block, or those of a kind over all blocks.</summary>
/// <param name="Name">Such as <c>model.layers.3</c> or <c>q_proj</c>.</param>
/// <param name="Skip">The name pattern for <c>Skip</c>.</param>
/// <param name="Layers">The checkpoint's names, in the order of the forward pass.</param>
internal sealed record ModelPart(string Name, string Skip, IReadOnlyList<string> Layers)
{
    /// <summary>Layers by block, in the order of the names.</summary>
    internal static IReadOnlyList<ModelPart> Blocks(IEnumerable<string> names) =>
        [.. names.GroupBy(BlockOf).Select(block => new ModelPart(block.Key, $"{block.Key}.*", [.. block]))];

    /// <summary>
    /// Layers by kind, in the order in which the kinds come first. A kind is called by the last part of its name, and where that is
    /// another's too, as GPT-2's <c>attn.c_proj</c> and <c>mlp.c_proj</c>, by its whole name in the block. Experts are one kind.
    /// </summary>
    internal static IReadOnlyList<ModelPart> Kinds(IEnumerable<string> names)
    {
        IGrouping<string, string>[] kinds = [.. names.GroupBy(InnerName)];
        ILookup<string, string> whole = kinds.Select(kind => kind.Key).ToLookup(LastPart);
        return
        [
            .. kinds.Select(kind =>
            {
                string called = whole[LastPart(kind.Key)].Count() == 1 ? LastPart(kind.Key) : kind.Key;
                return new ModelPart(called, $"*.{called}{Ending(kind.First())}", [.. kind]);
            }),
        ];
    }

    /// <summary>As few patterns as whole blocks, whole kinds and single names allow, for layers that a mask leaves dense.</summary>
    /// <param name="all">Every linear layer of the model.</param>
    /// <param name="masked">Those with a mask.</param>
    internal static IReadOnlyList<string> SkipOthers(IReadOnlyList<string> all, IReadOnlySet<string> masked)
    {
        bool IsDense(ModelPart part) => !part.Layers.Any(masked.Contains);
        List<ModelPart> parts = [.. Blocks(all).Where(IsDense)];
        string[] rest = [.. all.Where(name => !masked.Contains(name) && !parts.Any(part => part.Layers.Contains(name)))];
        // A kind is whole where all its layers are dense, those of dense blocks included; it is needed where others are left of it.
        parts.AddRange(Kinds(all).Where(kind => IsDense(kind) && kind.Layers.Any(rest.Contains)));
        return [.. parts.Select(part => part.Skip), .. rest.Where(name => !parts.Any(part => part.Layers.Contains(name)))];
    }

    // model.layers.3.self_attn.q_proj.weight: up to the block's number.
    private static string BlockOf(string name) => string.Join('.', name.Split('.')[..AfterBlock(name)]);

    /// <summary>What a layer is called inside its block, for all experts alike: <c>self_attn.q_proj</c>,
    /// <c>mlp.experts.*.up_proj</c>.</summary>
    internal static string InnerName(string name)
    {
        string whole = name[..^Ending(name).Length];
        return string.Join('.', whole.Split('.')[AfterBlock(name)..].Select(part => part.All(char.IsAsciiDigit) ? "*" : part));
    }

    // Not every checkpoint calls what all experts have in one tensor a weight.
    private static string Ending(string name) => name.EndsWith(".weight", StringComparison.Ordinal) ? ".weight" : "";

    private static string LastPart(string name) => name.Split('.')[^1];

    private static int AfterBlock(string name) => Array.FindIndex(name.Split('.'), part => part.All(char.IsAsciiDigit)) + 1;
}
