using System.Runtime.InteropServices;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public partial class TorchRuntimeTests
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
        Assert.Contains("cpu or cuda", Assert.Throws<ArgumentException>(() => TorchRuntime.DeviceOf("tpu")).Message, StringComparison.Ordinal);

    // What libgomp sees is the environment of the C library.
    [Fact]
    public void Start_OnLinux_LetsOpenMpSleepSoonUnlessTheUserDecided()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libgomp is Linux's");
        string? decided = Environment.GetEnvironmentVariable("GOMP_SPINCOUNT");
        string? expected = decided ?? (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null ? TorchRuntime.BarrierSpins : null);

        Assert.Equal(expected, Marshal.PtrToStringUTF8(GetEnvironment("GOMP_SPINCOUNT")));
        Assert.InRange(int.Parse(TorchRuntime.BarrierSpins, System.Globalization.CultureInfo.InvariantCulture), 1000, 20000);
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr GetEnvironment(string name);
}
