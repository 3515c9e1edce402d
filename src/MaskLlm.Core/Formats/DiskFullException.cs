using System.Text.RegularExpressions;

namespace MaskLlm.Formats;

/// <summary>
/// A file did not fit on its disk, or under a limit. The message names it; what can be done again then, its caller knows.
/// </summary>
public sealed partial class DiskFullException : IOException
{
    // ENOSPC, EFBIG and EDQUOT (of Linux and macOS), which is what .NET gives on Unix; Windows has its own two.
    private const int NoSpace = 28, TooLarge = 27, Quota = 122, MacQuota = 69, WindowsHandleFull = unchecked((int)0x80070027),
        WindowsFull = unchecked((int)0x80070070);

    private readonly string _path;
    private readonly (string Words, string Relief) _reason;

    private DiskFullException(string path, (string Words, string Relief) reason, string? remedy, Exception inner)
        : base($"{path}: {reason.Words}", inner)
    {
        (_path, _reason) = (path, reason);
        Remedy = remedy;
    }

    /// <summary>What makes room: the begin of a remedy.</summary>
    public string Relief => _reason.Relief;

    /// <summary>All that is to be done, where that is the same for every verb; null where it is not.</summary>
    public string? Remedy { get; }

    /// <summary>Does work that writes a file; where the disk refuses, the exception names that file.</summary>
    /// <param name="path">The file as the user knows it.</param>
    /// <param name="work">Writes.</param>
    /// <param name="remedy">What is to be done, where that is the same for every verb.</param>
    internal static void Naming(string path, Action work, string? remedy = null)
    {
        try
        {
            work();
        }
        // What names its file already may still lack the remedy.
        catch (DiskFullException e) when (remedy is not null)
        {
            throw new DiskFullException(path, Reason(e.InnerException!)!.Value, remedy, e.InnerException!);
        }
        catch (Exception e) when (e is not DiskFullException && Reason(e) is not null)
        {
            throw new DiskFullException(path, Reason(e)!.Value, remedy, e);
        }
    }

    /// <summary>The same failure under the name that a file of a folder was to have.</summary>
    /// <param name="folder">Where it was written.</param>
    /// <param name="target">The folder as the user knows it.</param>
    internal DiskFullException In(string folder, string target) =>
        new(Path.Combine(target, Path.GetRelativePath(folder, _path)), _reason, Remedy, InnerException!);

    /// <summary>
    /// The same of any exception, which names its file where the system said one; null where it is another kind of failure.
    /// </summary>
    public static DiskFullException? Of(Exception e) => e as DiskFullException
        ?? (e is IOException && Reason(e) is { } reason
            ? new DiskFullException(QuotedPath().Match(e.Message) is { Success: true } match ? match.Groups[1].Value
            : "standard output", reason, null, e) : null);

    private static (string Words, string Relief)? Reason(Exception e) => e switch
    {
        // How .NET reports EFBIG where it gives a file its length.
        ArgumentOutOfRangeException { ParamName: "value" } or IOException { HResult: TooLarge } =>
            ("the disk, or a limit of the shell, takes no file this large", "raise the limit (ulimit -f)"),
        IOException { HResult: NoSpace or WindowsFull or WindowsHandleFull } => ("the disk is full", "make room"),
        IOException { HResult: Quota or MacQuota } => ("your share of the disk is used up", "make room"),
        _ => null,
    };

    [GeneratedRegex("'(.+)'[^']*$", RegexOptions.Singleline)]
    private static partial Regex QuotedPath();
}
