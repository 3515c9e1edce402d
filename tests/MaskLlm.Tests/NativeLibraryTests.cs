using System.Text;
using TorchSharp;

namespace MaskLlm.Tests;

[Collection(TorchTests.Name)]
public class NativeLibraryTests
{
    private const uint VersionNeeds = 0x6ffffffe;
    private const int Weak = 2;

    [Fact]
    public void Torch_OnThisMachine_Loads() => Assert.Equal(6, torch.arange(4).sum().item<long>());

    [Fact]
    public void LibTorchSharp_AsBuilt_AsksForTheNewRuntimeOnlyWeakly()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("the marker concerns Linux only");
        Dictionary<string, int> flags =
            VersionFlags(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native",
            "libLibTorchSharp.so")));

        Assert.Equal(Weak, flags["GLIBCXX_3.4.32"] & Weak);
        Assert.All(flags.Where(pair => pair.Key != "GLIBCXX_3.4.32"), pair => Assert.Equal(0, pair.Value & Weak));
    }

    // The .gnu.version_r section: for each needed library a chain of version names with their flags (System V ABI, symbol versioning).
    private static Dictionary<string, int> VersionFlags(byte[] elf)
    {
        int Int(int at) => BitConverter.ToInt32(elf, at);
        int Short(int at) => BitConverter.ToUInt16(elf, at);
        int sections = (int)BitConverter.ToInt64(elf, 0x28), size = Short(0x3a), count = Short(0x3c);
        int header = Enumerable.Range(0, count).Select(i => sections + i * size).Single(at => (uint)Int(at + 4) == VersionNeeds);
        int names = (int)BitConverter.ToInt64(elf, sections + Int(header + 40) * size + 24),
            need = (int)BitConverter.ToInt64(elf, header + 24);
        Dictionary<string, int> flags = [];
        for (int n = Int(header + 44); n > 0; n--, need += Int(need + 12))
        {
            int version = need + Int(need + 8);
            for (int v = Short(need + 2); v > 0; v--, version += Int(version + 12))
            {
                int name = names + Int(version + 8);
                flags[Encoding.ASCII.GetString(elf, name, Array.IndexOf(elf, (byte)0, name) - name)] = Short(version + 4);
            }
        }
        return flags;
    }
}
