using TorchSharp;

namespace MaskLlm.Tests;

public class NativeLibraryTests
{
    [Fact]
    public void Torch_OnThisMachine_Loads() => Assert.Equal(6, torch.arange(4).sum().item<long>());
}
