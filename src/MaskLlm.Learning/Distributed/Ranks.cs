using System.Diagnostics;
using System.Text;

namespace MaskLlm.Distributed;

/// <summary>
/// The processes of a job that run one command together, and what they tell each other. Sums are made here, in the order of the ranks:
/// the same on every MPI library, and in every run of as many ranks. All ranks must make the same calls in the same order.
/// </summary>
public sealed unsafe class Ranks : IDisposable
{
    private readonly MpiLibrary? _library;
    private readonly int _onMachine;
    private long _talked;

    internal Ranks(MpiLibrary? library, int rank, int size, int onMachine) =>
        (_library, Rank, Size, _onMachine) = (library, rank, size, onMachine);

    /// <summary>A process for itself.</summary>
    public static Ranks Alone { get; } = new(null, 0, 1, 1);

    /// <summary>Which of the processes this is, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many there are.</summary>
    public int Size { get; }

    /// <summary>Whether this is the one that writes, and speaks.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>What the MPI library says of itself; null in a process for itself.</summary>
    public string? Library => _library?.Version.Split('\n')[0].Trim().TrimEnd('\0');

    /// <summary>Threads that this process may use where nothing else is said: the machine's processors over its ranks there.</summary>
    public int? Threads => Size == 1 ? null : Math.Clamp(ProcessorsOfMachine() / _onMachine, 1, Environment.ProcessorCount);

    /// <summary>Time that this rank has spent in talk, waiting for others included.</summary>
    internal TimeSpan Talked => TimeSpan.FromSeconds((double)_talked / Stopwatch.Frequency);

    /// <summary>Bytes that this rank has sent to others.</summary>
    internal long SentBytes { get; private set; }

    /// <summary>Joins the job that this process was started in by <c>mpirun</c> or <c>srun</c>; of a process that was started alone, no
    /// library is touched.</summary>
    /// <exception cref="NotSupportedException">No MPI library is here, or none that is known, or not the launcher's.</exception>
    public static Ranks Join()
    {
        if (MpiLaunch.Read(Environment.GetEnvironmentVariable) is not { } launch) return Alone;
        MpiLibrary library = MpiLibrary.Open(launch.Libraries);
        library.Initialize();
        Ranks ranks = new(library, library.Rank(), library.Size(), launch.OnMachine);
        if (ranks.Size != launch.Size)
            throw new NotSupportedException($"the launcher started {launch.Size} processes and {ranks.Library} sees {ranks.Size}: it is "
                + $"not the launcher's library; name that one by {MpiLibrary.Variable}.");
        return ranks;
    }

    /// <summary>The rank that the environment names, where a launcher started several processes; null elsewhere. Nothing is
    /// joined.</summary>
    public static int? Launched => MpiLaunch.Read(Environment.GetEnvironmentVariable)?.Rank;

    /// <summary>Keeps .NET from writing to standard output what sets a terminal up: Open MPI gives each process one of its own. To be
    /// called before the console is used.</summary>
    public static void QuietTerminal()
    {
        if (Environment.GetEnvironmentVariable(MpiLaunch.OpenMpiSize) is not null) Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>Ends all processes of the job, this one included.</summary>
    /// <param name="exitCode">Of the job.</param>
    public void Abort(int exitCode) => _library?.Abort(exitCode);

    /// <summary>Ends the talk: every rank does, once all is said.</summary>
    public void Dispose() => _library?.Finish();

    /// <summary>The first of this rank's of some things that are split over the ranks, each rank's one after another.</summary>
    internal int FirstOf(int count) => (int)((long)count * Rank / Size);

    /// <summary>How many are this rank's.</summary>
    internal int CountOf(int count) => (int)((long)count * (Rank + 1) / Size) - FirstOf(count);

    /// <summary>Whether something holds for any rank.</summary>
    internal bool Any(bool holds) => Size > 1 ? Sum(holds ? 1 : 0)[0] > 0 : holds;

    /// <summary>Sums over the ranks, in their order: the same on all of them.</summary>
    internal double[] Sum(params double[] own)
    {
        if (Size == 1) return own;
        double[] all = new double[own.Length * Size], sums = new double[own.Length];
        long begin = Stopwatch.GetTimestamp();
        fixed (double* from = own, to = all) _library!.AllGather(from, own.Length * sizeof(double), to);
        Count(begin, (long)own.Length * sizeof(double) * (Size - 1));
        for (int i = 0; i < all.Length; i++) sums[i % own.Length] += all[i];
        return sums;
    }

    /// <summary>Waits until all ranks are here.</summary>
    internal void Meet() => Any(false);

    /// <summary>What the first rank says; the others' own is not looked at.</summary>
    internal double OfFirst(double own) => Sum(IsFirst ? own : 0)[0];

    /// <summary>What each rank has to say, in the order of ranks.</summary>
    internal string[] Texts(string own)
    {
        if (Size == 1) return [own];
        byte[] bytes = Encoding.UTF8.GetBytes(own);
        int[] lengths = Lengths(bytes.Length), places = new int[Size];
        for (int rank = 1; rank < Size; rank++) places[rank] = checked(places[rank - 1] + lengths[rank - 1]);
        byte[] all = new byte[Math.Max(1, lengths.Sum())];
        bytes.CopyTo(all, places[Rank]);
        long begin = Stopwatch.GetTimestamp();
        fixed (byte* to = all)
        fixed (int* counts = lengths, starts = places)
            _library!.AllGatherInPlace(to, counts, starts);
        Count(begin, (long)bytes.Length * (Size - 1));
        return [.. lengths.Select((length, rank) => Encoding.UTF8.GetString(all, places[rank], length))];
    }

    /// <summary>What the first rank has to say; the others' own is not looked at.</summary>
    internal string TextOfFirst(string? own)
    {
        if (Size == 1) return own!;
        byte[] bytes = IsFirst ? Encoding.UTF8.GetBytes(own!) : [];
        int length = bytes.Length;
        Broadcast(&length, sizeof(int));
        if (!IsFirst) bytes = new byte[length];
        fixed (byte* start = bytes) Broadcast(start, length);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The bytes of the first rank to all others.</summary>
    internal void Broadcast(void* memory, long bytes) => Broadcast(memory, bytes, 0);

    /// <summary>The bytes of one rank to all others.</summary>
    internal void Broadcast(void* memory, long bytes, int from)
    {
        const int most = 1 << 30;
        if (Size == 1) return;
        long begin = Stopwatch.GetTimestamp();
        for (long at = 0; at < bytes; at += most)
            _library!.Broadcast((byte*)memory + at, (int)Math.Min(most, bytes - at), from);
        // Whoever passes it on: each rank but the first takes it once.
        Count(begin, Rank == from ? bytes : 0);
    }

    /// <summary>Every rank's stretch to all, each in its place.</summary>
    /// <param name="memory">Of all stretches.</param>
    /// <param name="starts">Where that of each rank begins, in bytes, and the end of the last: one more than ranks, up to 2^31 - 1.</param>
    internal void ShareStretches(void* memory, IReadOnlyList<long> starts)
    {
        if (Size == 1) return;
        (int[] counts, int[] places) = Stretches(starts);
        long begin = Stopwatch.GetTimestamp();
        fixed (int* count = counts, place = places) _library!.AllGatherInPlace(memory, count, place);
        Count(begin, (long)counts[Rank] * (Size - 1));
    }

    /// <summary>Every rank's stretch to the first.</summary>
    /// <param name="own">This rank's.</param>
    /// <param name="memory">Of all stretches, one after another; null but in the first rank.</param>
    /// <param name="starts">As of <see cref="ShareStretches"/>.</param>
    internal void GatherStretches(void* own, void* memory, IReadOnlyList<long> starts)
    {
        (int[] counts, int[] places) = Stretches(starts);
        long begin = Stopwatch.GetTimestamp();
        fixed (int* count = counts, place = places) _library!.Gather(own, counts[Rank], memory, count, place, root: 0);
        Count(begin, IsFirst ? 0 : counts[Rank]);
    }

    /// <summary>To each rank its stretch of what every rank has of all.</summary>
    /// <param name="all">Of all stretches, this rank's.</param>
    /// <param name="starts">As of <see cref="ShareStretches"/>.</param>
    /// <param name="received">Takes this rank's stretch of every rank, in the order of ranks.</param>
    internal void Scatter(void* all, IReadOnlyList<long> starts, void* received)
    {
        (int[] counts, int[] places) = Stretches(starts);
        int[] gotten = [.. Enumerable.Repeat(counts[Rank], Size)],
            into = [.. Enumerable.Range(0, Size).Select(i => checked(i * counts[Rank]))];
        long begin = Stopwatch.GetTimestamp();
        fixed (int* count = counts, place = places, got = gotten, to = into)
            _library!.AllToAll(all, count, place, received, got, to);
        Count(begin, starts[^1] - counts[Rank]);
    }

    private int[] Lengths(int own)
    {
        int[] all = new int[Size];
        long begin = Stopwatch.GetTimestamp();
        fixed (int* to = all) _library!.AllGather(&own, sizeof(int), to);
        Count(begin, (long)sizeof(int) * (Size - 1));
        return all;
    }

    private (int[] Counts, int[] Places) Stretches(IReadOnlyList<long> starts) => (
        [.. Enumerable.Range(0, Size).Select(rank => checked((int)(starts[rank + 1] - starts[rank])))],
        [.. Enumerable.Range(0, Size).Select(rank => checked((int)starts[rank]))]);

    private void Count(long begin, long sent)
    {
        _talked += Stopwatch.GetTimestamp() - begin;
        SentBytes += sent;
    }

    // A launcher may bind a process to some of them, which is what .NET then counts.
    private static int ProcessorsOfMachine()
    {
        const string online = "/sys/devices/system/cpu/online";
        if (!File.Exists(online)) return Environment.ProcessorCount;
        int count = 0;
        foreach (string range in File.ReadAllText(online).Trim().Split(','))
        {
            int[] ends = [.. range.Split('-').Select(text => int.TryParse(text, out int value) ? value : -1)];
            if (ends.Contains(-1)) return Environment.ProcessorCount;
            count += ends[^1] - ends[0] + 1;
        }
        return count;
    }
}
