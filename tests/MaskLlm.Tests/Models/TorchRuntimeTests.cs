using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public class TorchRuntimeTests
{
    [Fact]
    public void Start_DenormalsOnEveryThread_CountAsZero()
    {
        using DisposeScope scope = NewDisposeScope();
        // Large enough that libtorch splits the work over its threads.
        Tensor small = full(1 << 22, 1e-30f) * 1e-10f;

        Assert.Equal(0, small.count_nonzero().item<long>());
    }

    [Fact]
    public void DeviceOf_UnknownName_SaysWhatIsKnown() =>
        Assert.Contains("cpu or cuda", Assert.Throws<ArgumentException>(() => TorchRuntime.DeviceOf("tpu")).Message,
            StringComparison.Ordinal);
}
