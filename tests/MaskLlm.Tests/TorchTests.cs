using MaskLlm.Models;

namespace MaskLlm.Tests;

/// <summary>Tests that touch tensors run one after another, on a fixed number of threads.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchTests : ICollectionFixture<TorchTests.Runtime>
{
    public const string Name = "torch";

    public sealed class Runtime
    {
        public Runtime() => TorchRuntime.Start(2);
    }
}
