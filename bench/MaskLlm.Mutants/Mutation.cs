using Mono.Cecil;
using Mono.Cecil.Cil;

namespace MaskLlm.Mutants;

/// <summary>One change of one instruction.</summary>
/// <param name="Library">The file that has it.</param>
/// <param name="Method">Where: its full name.</param>
/// <param name="Index">Of the instruction in the method.</param>
/// <param name="From">What stands there.</param>
/// <param name="To">What is put in its place.</param>
/// <param name="Value">A constant's new value; null for another instruction.</param>
/// <param name="File">Of the source.</param>
/// <param name="Line">In it.</param>
/// <param name="Words">What the source has there, one of them: nothing is asked of other instructions than constants.</param>
internal sealed record Mutation(
    string Library, string Method, int Index, OpCode From, OpCode To, object? Value, string File, int Line, IReadOnlyList<string> Words)
{
    // Each comparison negated and moved by one; sums and products turned round.
    private static readonly (OpCode From, OpCode To)[] Pairs =
    [
        (OpCodes.Brtrue, OpCodes.Brfalse), (OpCodes.Brfalse, OpCodes.Brtrue), (OpCodes.Brtrue_S, OpCodes.Brfalse_S),
        (OpCodes.Brfalse_S, OpCodes.Brtrue_S),
        (OpCodes.Beq, OpCodes.Bne_Un), (OpCodes.Bne_Un, OpCodes.Beq), (OpCodes.Beq_S, OpCodes.Bne_Un_S), (OpCodes.Bne_Un_S, OpCodes.Beq_S),
        (OpCodes.Blt, OpCodes.Ble), (OpCodes.Ble, OpCodes.Blt), (OpCodes.Bgt, OpCodes.Bge), (OpCodes.Bge, OpCodes.Bgt),
        (OpCodes.Blt_S, OpCodes.Ble_S), (OpCodes.Ble_S, OpCodes.Blt_S), (OpCodes.Bgt_S, OpCodes.Bge_S), (OpCodes.Bge_S, OpCodes.Bgt_S),
        (OpCodes.Blt, OpCodes.Bge), (OpCodes.Bgt, OpCodes.Ble), (OpCodes.Blt_S, OpCodes.Bge_S), (OpCodes.Bgt_S, OpCodes.Ble_S),
        (OpCodes.Clt, OpCodes.Cgt), (OpCodes.Cgt, OpCodes.Clt), (OpCodes.Add, OpCodes.Sub), (OpCodes.Sub, OpCodes.Add),
        (OpCodes.Mul, OpCodes.Div), (OpCodes.Div, OpCodes.Mul),
    ];

    /// <summary>All changes of one method.</summary>
    internal static IEnumerable<Mutation> Of(MethodDefinition method)
    {
        SequencePoint? place = null;
        for (int i = 0; i < method.Body.Instructions.Count; i++)
        {
            Instruction instruction = method.Body.Instructions[i];
            place = method.DebugInformation.GetSequencePoint(instruction) is { IsHidden: false } next ? next : place;
            if (place is null) continue;
            foreach ((OpCode to, object? value) in Changes(instruction, method.Name == "MoveNext"))
                yield return new Mutation(
                    method.Module.Name, method.FullName, i, instruction.OpCode, to, value, place.Document.Url, place.StartLine,
                        WordsOf(instruction));
        }
    }

    /// <summary>Makes the change.</summary>
    internal void Apply(MethodDefinition method)
    {
        Instruction instruction = method.Body.Instructions[Index];
        if (To.Code == Code.Call)
        {
            MethodReference old = (MethodReference)instruction.Operand;
            MethodReference other = new((string)Value!, old.ReturnType, old.DeclaringType) { HasThis = false };
            foreach (ParameterDefinition parameter in old.Parameters)
                other.Parameters.Add(new ParameterDefinition(parameter.ParameterType));
            instruction.Operand = other;
            return;
        }
        instruction.OpCode = To;
        if (Value is not null) instruction.Operand = Value;
    }

    private static IEnumerable<(OpCode To, object? Value)> Changes(Instruction instruction, bool isStateMachine)
    {
        foreach ((OpCode from, OpCode to) in Pairs)
            if (instruction.OpCode == from) yield return (to, null);
        if (instruction.Operand is MethodReference { Name: "Min" or "Max", DeclaringType.FullName: "System.Math" or "System.MathF" } call)
            yield return (OpCodes.Call, call.Name == "Min" ? "Max" : "Min");
        // States of iterators are numbers too, and no source's.
        if (isStateMachine) yield break;
        if (Constant(instruction) is { } whole) yield return (OpCodes.Ldc_I4, whole == 1 ? 0 : whole + 1);
        else if (instruction.Operand is double number) yield return (OpCodes.Ldc_R8, number + 1);
        else if (instruction.Operand is float single) yield return (OpCodes.Ldc_R4, single + 1);
        else if (instruction.Operand is long large) yield return (OpCodes.Ldc_I8, large + 1);
    }

    private static string[] WordsOf(Instruction instruction) => Constant(instruction) switch
    {
        null => [""],
        0 => ["0", "false"],
        1 => ["1", "true"],
        { } other => [FormattableString.Invariant($"{other}")],
    };

    private static int? Constant(Instruction instruction) => instruction.OpCode.Code switch
    {
        Code.Ldc_I4 => (int)instruction.Operand,
        Code.Ldc_I4_S => (sbyte)instruction.Operand,
        >= Code.Ldc_I4_M1 and <= Code.Ldc_I4_8 => instruction.OpCode.Code - Code.Ldc_I4_0,
        _ => null,
    };
}
