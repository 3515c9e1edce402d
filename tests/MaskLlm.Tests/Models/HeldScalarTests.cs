using MaskLlm.Models;
using Mono.Cecil;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public sealed class HeldScalarTests
{
    private const string Conversion = "TorchSharp.Scalar TorchSharp.Scalar::op_Implicit(";

    private const int Threads = 3, Additions = 700_000;

    [Fact]
    public void Plus_GarbageIsCollectedMeanwhile_NeverLosesItsFactor()
    {
        Task<int>[] adding = [.. Enumerable.Range(0, Threads).Select(_ => Task.Run(WrongSums, TestContext.Current.CancellationToken))];
        while (!adding.All(task => task.IsCompleted))
        {
            GC.Collect(0);
            GC.WaitForPendingFinalizers();
        }
        // Not awaited: what comes after must run on the thread of the collection, whose denormals count as zero.
        Assert.All(adding, task => Assert.Equal(0, task.GetAwaiter().GetResult()));
    }

    [Fact]
    public void Library_MakesNoScalars_ButInScalarArithmetic()
    {
        using AssemblyDefinition torch = AssemblyDefinition.ReadAssembly(typeof(Scalar).Assembly.Location);
        using AssemblyDefinition library = AssemblyDefinition.ReadAssembly(typeof(ScalarArithmetic).Assembly.Location);
        HashSet<string> making = Making(torch);
        string[] found =
        [
            .. from method in Methods(library)
               from call in Calls(method)
               where making.Contains(call)
                   || (call.StartsWith(Conversion, StringComparison.Ordinal) && method.DeclaringType.Name != nameof(ScalarArithmetic))
               select $"{method.DeclaringType.Name}.{method.Name} calls {call}",
        ];
        Assert.Empty(found);
        // What the search is there to find, it finds.
        Assert.Contains(making, name =>
            name.Contains("Tensor::op_Addition(TorchSharp.torch/Tensor,TorchSharp.torch/Tensor)", StringComparison.Ordinal));
    }

    private static int WrongSums()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor one = ones(8);
        int wrong = 0;
        for (int i = 0; i < Additions; i++)
        {
            using Tensor sum = one.Plus(one);
            if (sum.data<float>()[7] != 2) wrong++;
        }
        return wrong;
    }

    // The methods of TorchSharp that make a scalar, themselves or through others of its methods.
    private static HashSet<string> Making(AssemblyDefinition torch)
    {
        Dictionary<string, string[]> calls = Methods(torch)
            .Where(method => method.DeclaringType.FullName != "TorchSharp.Scalar")
            .ToDictionary(method => method.FullName, method => Calls(method).ToArray());
        HashSet<string> making = [];
        int before;
        do
        {
            before = making.Count;
            making.UnionWith(calls.Where(pair =>
                pair.Value.Any(call => call.StartsWith(Conversion, StringComparison.Ordinal) || making.Contains(call)))
                .Select(pair => pair.Key));
        }
        while (making.Count > before);
        return making;
    }

    private static IEnumerable<MethodDefinition> Methods(AssemblyDefinition assembly) =>
        assembly.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody);

    private static IEnumerable<string> Calls(MethodDefinition method) =>
        method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>().Select(call => call.FullName);
}
