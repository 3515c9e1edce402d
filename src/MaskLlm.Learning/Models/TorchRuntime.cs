using System.Runtime.InteropServices;
using MaskLlm.Numerals;
using TorchSharp;

namespace MaskLlm.Models;

/// <summary>Process-wide settings of libtorch, to be made once before the first tensor operation.</summary>
public static partial class TorchRuntime
{
    // M_TRIM_THRESHOLD and so on of malloc.h.
    private const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3;

    /// <summary>
    /// Sets the number of threads and lets denormal numbers count as zero: late in a learning run the softmax
    /// of the masks is full of them and a step would take several times as long. With glibc, memory that tensors
    /// give back stays with the process: otherwise every large tensor is mapped and zeroed anew, a quarter of a step.
    /// </summary>
    /// <param name="threads">Threads of libtorch's own loops, at least 1; null for one a processor.</param>
    /// <returns>The number of threads in use.</returns>
    /// <exception cref="ArgumentException"><paramref name="threads"/> is not 1 to 1024.</exception>
    public static int Start(int? threads = null)
    {
        OptionRanges.Threads.Require(threads);
        FlushDenormals();
        KeepFreedMemory();
        torch.set_num_threads(threads ?? Environment.ProcessorCount);
        BarrierWaits.Watch();
        return torch.get_num_threads();
    }

    /// <summary>The devices that this build can use on this machine by their names, cpu first.</summary>
    public static IReadOnlyList<string> Devices => torch.cuda.is_available() ? ["cpu", "cuda"] : ["cpu"];

    /// <summary>The device of a name.</summary>
    /// <param name="name">cpu or cuda.</param>
    /// <exception cref="ArgumentException">Another name, or a GPU that this build or machine lacks.</exception>
    public static torch.Device DeviceOf(string name)
    {
        if (name == "cpu") return torch.CPU;
        if (name != "cuda") throw new ArgumentException($"`Device` {name}: cpu or cuda is expected.");
        if (!torch.cuda.is_available())
            throw new ArgumentException("`Device` cuda: no CUDA device, or a build without CUDA; build with -p:TorchBackend=cuda "
                + "(docs/cuda.md).");
        return torch.CUDA;
    }

    // TorchSharp has no set_flush_denormal. The flag belongs to a thread, and OpenMP's workers inherit it
    // from the thread that starts them, hence "before the first tensor operation".
    private static void FlushDenormals()
    {
        if (!torch.TryInitializeDeviceType(DeviceType.CPU)) return;
        IntPtr library = LibtorchHandle();
        if (library == IntPtr.Zero
            || !NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out IntPtr globalContext)
            || !NativeLibrary.TryGetExport(library, "_ZN2at7Context16setFlushDenormalEb", out IntPtr setFlush)) return;
        unsafe
        {
            void* context = ((delegate* unmanaged<void*>)globalContext)();
            ((delegate* unmanaged<void*, byte, byte>)setFlush)(context, 1);
        }
    }

    /// <summary>Has the memory of large tensors given back at once, from now on: where a model does not fit, what a heap that is torn by
    /// matrices of half a gigabyte keeps is more than what they are.</summary>
    internal static void GiveBackLargeTensors() => SetHeap((MmapThreshold, 32 << 20));

    private static void KeepFreedMemory() => SetHeap((MmapThreshold, 1 << 30), (TrimThreshold, -1), (TopPad, 64 << 20));

    private static void SetHeap(params ReadOnlySpan<(int Option, int Value)> settings)
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libc.so.6", out IntPtr libc)
            || !NativeLibrary.TryGetExport(libc, "mallopt", out IntPtr mallopt)) return;
        unsafe
        {
            delegate* unmanaged<int, int, int> set = (delegate* unmanaged<int, int, int>)mallopt;
            foreach ((int option, int value) in settings) set(option, value);
        }
    }

    private static IntPtr LibtorchHandle()
    {
        string name = OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";
        foreach (System.Diagnostics.ProcessModule module in System.Diagnostics.Process.GetCurrentProcess().Modules)
            if (string.Equals(module.ModuleName, name, StringComparison.OrdinalIgnoreCase)
                && NativeLibrary.TryLoad(module.FileName, out IntPtr handle))
                return handle;
        return IntPtr.Zero;
    }
}
