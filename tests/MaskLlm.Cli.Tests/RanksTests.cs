using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>Several processes that MPI started against one: the same losses and, up to rounding, masks.</summary>
[Collection(TorchTests.Name)]
public sealed class RanksTests : IDisposable
{
    private const int Steps = 12;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(MpiRun.OpenMpi, 2, "distilled")]
    [InlineData(MpiRun.OpenMpi, 3, "maskllm")]
    [InlineData(MpiRun.Mpich, 2, "maskllm")]
    [InlineData(MpiRun.Mpich, 3, "distilled")]
    public async Task Learn_Ranks_GiveTheLossesAndMasksOfOneProcess(string library, int ranks, string recipe)
    {
        MpiRun.Require(library);
        string[] more = ["--recipe", recipe, "--micro-batch-size", "1", "--checkpoint-activations", "--moments", "int8"];
        CommandRun.Of(Learn("one", more)).AssertSuccess();

        (await MpiRun.Of(library, ranks, Learn("many", more))).AssertSuccess();
        (await MpiRun.Of(library, ranks, Learn("again", more))).AssertSuccess();

        AssertClose(Losses("one"), Losses("many"), 1e-5);
        Assert.InRange(Agreement("one", "many"), 0.995, 1);
        // Bit by bit, where nothing differs.
        Assert.Equal(Losses("many"), Losses("again"));
        Assert.Equal(Bytes("many", "mask.npz"), Bytes("again", "mask.npz"));
        JsonNode record = JsonNode.Parse(File.ReadAllText(_folder.File("many/run.json")))!["figures"]!["ranks"]!;
        Assert.Equal(ranks, (int)record["count"]!);
        Assert.True((long)record["sent_bytes_per_step"]! > 0);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi, "--train-weights", "with-masks", "--train", "norms", "--precision", "bfloat16")]
    [InlineData(MpiRun.Mpich, "--recipe", "tuned", "--train-weights", "moving", "--prior", "wanda")]
    [InlineData(MpiRun.Mpich, "--recipe", "maskllm", "--parametrization", "items")]
    public async Task Learn_OtherWaysOfTwoRanks_AreThoseOfOneProcess(string library, params string[] more)
    {
        MpiRun.Require(library);
        CommandRun.Of(Learn("one", more)).AssertSuccess();

        (await MpiRun.Of(library, 2, Learn("many", more))).AssertSuccess();

        // bfloat16 rounds gradients before they are added.
        AssertClose(Losses("one"), Losses("many"), more.Contains("bfloat16") ? 2e-3 : 1e-5);
        Assert.InRange(Agreement("one", "many"), 0.99, 1);
    }

    [Fact]
    public async Task Learn_ARankKilledAtTenMoments_GoesOnWithAnotherNumberOfThemToTheSameLosses()
    {
        string[] libraries = [.. new[] { MpiRun.OpenMpi, MpiRun.Mpich }.Where(MpiRun.Has)];
        if (libraries.Length == 0) MpiRun.Require(MpiRun.OpenMpi);
        string[] more = ["--save-every", "1", "--recipe", "maskllm"];
        CommandRun.Of(Learn("one", more, steps: 400)).AssertSuccess();
        string[] many = Learn("many", more, steps: 400);
        string checkpoint = _folder.File("many/checkpoint/state.safetensors");

        for (int kill = 0; kill < 10; kill++)
        {
            long before = File.Exists(checkpoint) ? StepOf(checkpoint) : 0;
            using ProgramRun run = MpiRun.Start(libraries[kill % libraries.Length], 2 + kill % 2,
                kill == 0 ? many : [.. many, "--resume"]);
            Assert.True(await run.Reaches(() => File.Exists(checkpoint) && StepOf(checkpoint) > before + kill % 3), run.ErrorSoFar);
            int[] processes = MpiRun.Processes(many[Array.IndexOf(many, "--out") + 1]);
            Assert.Equal(2 + kill % 2, processes.Length);
            Process.GetProcessById(processes[kill % processes.Length]).Kill();
            Assert.NotEqual(0, (await run.End()).ExitCode);
            Assert.False(File.Exists(_folder.File("many/run.json")), "the run ended before it was killed");
        }
        CommandRun.Of([.. many, "--resume"]).AssertSuccess();

        AssertClose(Losses("one"), Losses("many"), 1e-4);
        Assert.InRange(Agreement("one", "many"), 0.99, 1);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi)]
    [InlineData(MpiRun.Mpich)]
    public async Task Learn_OptionsOrInputsThatDiffer_AreRefusedBeforeTheFirstStep(string library)
    {
        MpiRun.Require(library);
        string[] one = [.. ProgramRun.Command, .. Learn("run", [])];
        int seed = Array.IndexOf(one, "--seed") + 1, data = Array.IndexOf(one, "--data") + 1;
        string[] other = [.. one];
        other[seed] = "8";
        using (ProgramRun run = MpiRun.Start(library, ["-n", "1", .. one, ":", "-n", "1", .. other]))
        {
            CommandRun refused = await run.End();
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("the option seed is 7 in rank 0 and 8 in rank 1; give all ranks the same.", refused.Error,
                StringComparison.Ordinal);
        }
        // One name, two texts.
        foreach (string folder in new[] { "a", "b" })
        {
            Directory.CreateDirectory(_folder.File(folder));
            File.WriteAllText(_folder.File($"{folder}/text.txt"), File.ReadAllText(TinyModel.TextPath) + folder);
        }
        one[data] = "text.txt";
        using (ProgramRun run = MpiRun.Start(library,
            ["-wdir", _folder.File("a"), "-n", "1", .. one, ":", "-wdir", _folder.File("b"), "-n", "1", .. one]))
        {
            CommandRun refused = await run.End();
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("the input text.txt is ", refused.Error, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(_folder.File("run/metrics.jsonl")));
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi)]
    [InlineData(MpiRun.Mpich)]
    public async Task PruneAndEval_TwoRanks_GiveMasksAndPerplexityOfOneProcess(string library)
    {
        MpiRun.Require(library);
        string[] prune = ["prune", TinyModel.Folder, "--data", TinyModel.TextPath, "--samples", "10", "--seq-len", "32", "--threads", "1"];
        CommandRun.Of([.. prune, "--out", _folder.File("one"), "--method", "sparsegpt"]).AssertSuccess();

        (await MpiRun.Of(library, 2, [.. prune, "--out", _folder.File("many"), "--method", "sparsegpt"])).AssertSuccess();
        // With weights that are solved for and trained, too.
        (await MpiRun.Of(library, 3, [.. prune, "--out", _folder.File("solved")])).AssertSuccess();

        Assert.InRange(Agreement("one", "many"), 0.995, 1);
        Assert.True(File.Exists(_folder.File("solved/model/model.safetensors")));
        string[] eval = ["eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--mask", _folder.File("one/mask.npz"), "--threads", "1",
            "--seq-len", "32", "--max-windows", "11", "--json"];
        CommandRun evaluated = await MpiRun.Of(library, 2, eval);
        evaluated.AssertSuccess();
        JsonNode many = JsonNode.Parse(evaluated.Output)!,
            alone = JsonNode.Parse(CommandRun.Of(eval).Output)!;
        for (int row = 0; row < 2; row++)
            Assert.Equal((double)alone["rows"]![row]!["perplexity"]!, (double)many["rows"]![row]!["perplexity"]!, 1e-6);
    }

    [Fact]
    public async Task PruneAndLearn_ExpertsThatFewTokensReach_AreThoseOfOneProcess()
    {
        MpiRun.Require(MpiRun.Mpich);
        string config = _folder.File("config.json"), model = _folder.File("model");
        File.WriteAllText(config, """
            {
              "model_type": "mixtral", "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
              "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 300, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
              "rope_theta": 10000, "tie_word_embeddings": false, "bos_token_id": 0, "eos_token_id": 0, "num_local_experts": 8,
              "num_experts_per_tok": 2
            }
            """);
        CommandRun.Of("pretrain", "--config", config, "--data", TinyModel.TextPath, "--out", model, "--steps", "5", "--batch-size", "4",
            "--seq-len", "16", "--threads", "1").AssertSuccess();
        string[] prune = ["prune", model, "--data", TinyModel.TextPath, "--method", "wanda", "--samples", "10", "--seq-len", "16",
            "--threads", "1"], learn = ["learn", model, "--data", TinyModel.TextPath, "--recipe", "maskllm", "--prior", "none", "--steps",
            "6", "--batch-size", "2", "--seq-len", "4", "--log-every", "1", "--threads", "1", "--eval-windows", "8"];
        CommandRun.Of([.. prune, "--out", _folder.File("one")]).AssertSuccess();
        CommandRun.Of([.. learn, "--out", _folder.File("learned")]).AssertSuccess();

        (await MpiRun.Of(MpiRun.Mpich, 2, [.. prune, "--out", _folder.File("many")])).AssertSuccess();
        (await MpiRun.Of(MpiRun.Mpich, 2, [.. learn, "--out", _folder.File("together")])).AssertSuccess();

        Assert.InRange(Agreement("one", "many", model), 0.9995, 1);
        AssertClose(Losses("learned"), Losses("together"), 1e-5);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi, "learn", "there is no such folder")]
    [InlineData(MpiRun.Mpich, "learn", "there is no such folder")]
    [InlineData(MpiRun.OpenMpi, "info", "start other verbs without mpirun")]
    [InlineData(MpiRun.Mpich, "info", "start other verbs without mpirun")]
    public async Task Program_WhatAllRanksRefuse_IsSaidOnce(string library, string verb, string expected)
    {
        MpiRun.Require(library);
        string missing = _folder.File("missing");
        CommandRun refused = await MpiRun.Of(library, 2, verb == "info" ? [verb]
            : [verb, missing, "--data", TinyModel.TextPath, "--out", _folder.File("run")]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Equal(2, refused.Error.Split(expected).Length);
    }

    public void Dispose() => _folder.Dispose();

    private string[] Learn(string run, string[] more, int steps = Steps) =>
    [
        "learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", _folder.File(run), "--steps", $"{steps}", "--batch-size", "6",
        "--seq-len", "16", "--seed", "7", "--log-every", "1", "--threads", "1", "--prior-samples", "8", "--eval-windows", "8", .. more,
    ];

    private byte[] Bytes(string run, string file) => File.ReadAllBytes(_folder.File($"{run}/{file}"));

    private double[] Losses(string run) => [.. File.ReadLines(_folder.File($"{run}/metrics.jsonl"))
        .Select(line => (double)JsonNode.Parse(line)!["loss"]!)];

    private double Agreement(string run, string other, string? model = null)
    {
        IReadOnlyDictionary<string, Mask> masks = CheckpointMasks.Read(_folder.File($"{run}/mask.npz"), model ?? TinyModel.Folder),
            others = CheckpointMasks.Read(_folder.File($"{other}/mask.npz"), model ?? TinyModel.Folder);
        (long equal, long all) = (0, 0);
        foreach ((string name, Mask mask) in masks)
        {
            MaskAgreement agreement = MaskAgreement.Between(mask, others[name], 4);
            (equal, all) = (equal + agreement.EqualGroups, all + agreement.Groups);
        }
        return (double)equal / all;
    }

    private static void AssertClose(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach ((double one, double other) in expected.Zip(found)) Assert.Equal(one, other, tolerance);
    }

    private static long StepOf(string checkpoint)
    {
        using SafetensorsFile file = SafetensorsFile.Open(checkpoint);
        return long.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
    }
}
