using System.Runtime.InteropServices;
using System.Text;

namespace MaskLlm.Distributed;

/// <summary>Opens a library whose symbols all libraries after it see, which .NET's own way does not.</summary>
internal static unsafe class MpiLoader
{
    private const int Lazy = 1, Global = 0x100; // RTLD_LAZY and RTLD_GLOBAL of Linux's dlfcn.h

    /// <summary>Its handle; 0 where it is not there.</summary>
    internal static nint OpenGlobal(string file)
    {
        // In glibc since 2.34; before, in a library of its own.
        foreach (string name in new[] { "libc.so.6", "libdl.so.2" })
        {
            if (!NativeLibrary.TryLoad(name, out nint system) || !NativeLibrary.TryGetExport(system, "dlopen", out nint address)) continue;
            fixed (byte* text = Encoding.UTF8.GetBytes(file + '\0'))
                return ((delegate* unmanaged<byte*, int, nint>)address)(text, Lazy | Global);
        }
        return 0;
    }
}
