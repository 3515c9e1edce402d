using System.CommandLine;
using MaskLlm.Mutants;

// Small random changes to the source, one at a time, each held against the tests: those that no test notices are printed.
Argument<string> repository = new("repository") { Description = "A clone in which the solution is built." };
Argument<string[]> rooms = new("rooms")
{
    Description = "Rooms of the source, such as Masks; all of them without any.",
    Arity = ArgumentArity.ZeroOrMore
};
Option<int> count = new("--count") { Description = "Changes to try.", DefaultValueFactory = _ => 20 };
Option<int> seed = new("--seed") { Description = "Another seed, other changes.", DefaultValueFactory = _ => 0 };
Option<bool> quick = new("--quick") { Description = "Asks only the ten nearest test classes, and none of the command line's." };
Option<bool> dangerous = new("--dangerous") { Description = "Changes files too that delete and rename: not as root." };
RootCommand root = new("Tries which small changes to the source the tests notice.") { repository, rooms, count, seed, quick, dangerous };
root.SetAction(parsed =>
{
    using Trial trial = new(
        parsed.GetValue(repository)!, parsed.GetValue(quick), parsed.GetValue(dangerous), parsed.InvocationConfiguration.Output);
    return trial.Run(parsed.GetValue(rooms)!, parsed.GetValue(count), parsed.GetValue(seed));
});
return root.Parse(args).Invoke();
