using System.CommandLine;
using MaskLlm.Mutants;

// Small random changes to the library, one at a time, each held against the tests: those that no test notices are printed.
Argument<string> repository = new("repository") { Description = "A clone in which the solution is built." };
Argument<string[]> rooms = new("rooms")
{
    Description = "Rooms of the library, such as Masks; all of them without any.",
    Arity = ArgumentArity.ZeroOrMore
};
Option<int> count = new("--count") { Description = "Changes to try.", DefaultValueFactory = _ => 20 };
Option<int> seed = new("--seed") { Description = "Another seed, other changes.", DefaultValueFactory = _ => 0 };
Option<bool> quick = new("--quick") { Description = "Only the tests of the changed room." };
RootCommand root = new("Tries which small changes to the library the tests notice.") { repository, rooms, count, seed, quick };
root.SetAction(parsed =>
{
    using Trial trial = new(parsed.GetValue(repository)!, parsed.GetValue(quick), parsed.InvocationConfiguration.Output);
    return trial.Run(parsed.GetValue(rooms)!, parsed.GetValue(count), parsed.GetValue(seed));
});
return root.Parse(args).Invoke();
