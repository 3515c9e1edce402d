using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Models;
using MaskLlm.Runs;

TorchRuntime.Start();
CorpusOptions data = new() { Sources = [DataSource.Parse(args[1])] };
LearnOptions options = LearnOptions.Of(Recipe.Distilled) with { Steps = 600, Seed = 0 };
LearnRequest request = new() { Model = args[0], Data = data, Out = args[2], Options = options };
RunRecord record = LearnRun.Execute(request, warn: Console.Error.WriteLine);
Console.WriteLine(record.Figures["perplexity"]);   // dense, prior, learned; the mask is OUT/mask.npz
