using System.CommandLine;
using MaskLlm.Fuzz;

// Changed inputs through every reader: a value or a refusal in our own words, nothing else, and no more memory than the input explains.
Option<long> inputs = new("--inputs") { Description = "Inputs over all readers.", DefaultValueFactory = _ => 1_000_000 };
Option<ulong> seed = new("--seed") { Description = "Another seed, other inputs.", DefaultValueFactory = _ => 0 };
Option<string?> reader = new("--reader") { Description = "Only this one." };
Option<long> first = new("--first") { Description = "Number of the first input: with --inputs 1, that one again." };
Option<string> save = new("--save")
{
    Description = "Folder for the inputs that were answered wrongly.",
    DefaultValueFactory = _ =>
    "fuzz-failures"
};
Option<string?> mark = new("--mark") { Description = "For the program itself: where a child says what it reads.", Hidden = true };
RootCommand root = new("Reads changed inputs with every reader of maskllm.") { inputs, seed, reader, first, save, mark };
root.SetAction(parsed => new FuzzCommand(parsed.GetValue(seed), parsed.GetValue(save)!, parsed.InvocationConfiguration.Output)
    .Run(parsed.GetValue(inputs), parsed.GetValue(first), parsed.GetValue(reader), parsed.GetValue(mark)));
return root.Parse(args).Invoke();
