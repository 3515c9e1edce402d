namespace MaskLlm.Machine;

/// <summary>Which of several kernels a processor runs: the fastest, or the one that the user names.</summary>
internal static class KernelChoice
{
    /// <summary>Environment variable that forces a kernel by name.</summary>
    internal const string Variable = "MASKLLM_KERNEL";

    /// <summary>One of the kernels.</summary>
    /// <param name="available">What this processor can run, fastest first.</param>
    /// <param name="nameOf">A kernel's name.</param>
    /// <param name="name">The one asked for; null or empty for the fastest.</param>
    /// <exception cref="ArgumentException">This processor cannot run it.</exception>
    internal static T Of<T>(IReadOnlyList<T> available, Func<T, string> nameOf, string? name)
        where T : class => string.IsNullOrEmpty(name)
        ? available[0]
        : available.FirstOrDefault(kernel => nameOf(kernel) == name) ?? throw new ArgumentException(
            $"{Variable} is '{name}'; this processor can run {string.Join(", ", available.Select(nameOf))}.");
}
