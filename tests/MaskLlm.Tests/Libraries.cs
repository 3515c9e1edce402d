using System.Reflection;
using MaskLlm.Decoding;
using MaskLlm.Learning;
using MaskLlm.Patterns;
using MaskLlm.Tokens;

namespace MaskLlm.Tests;

/// <summary>The libraries, of which some tests read the compiled code.</summary>
internal static class Libraries
{
    internal static IReadOnlyList<Assembly> All { get; } =
        [typeof(NmPattern).Assembly, typeof(Tokenizer).Assembly, typeof(RuntimeModel).Assembly, typeof(LearnOptions).Assembly];
}
