using BenchmarkDotNet.Attributes;
using MaskLlm.Learning;
using MaskLlm.Models;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Bench;

/// <summary>One layer's share of a learning step beside the matrix product that it serves: (O, I) = (1536, 576), SmolLM2's MLP.</summary>
[MemoryDiagnoser]
public class MaskSamplingBenchmark : IDisposable
{
    private const int Rows = 1536, Columns = 576, Tokens = 2048, Groups = Rows * Columns / 4;
    private Tensor _weight = null!, _logits = null!, _x = null!;
    private CandidateTensor _table = null!;

    [GlobalSetup]
    public void Setup()
    {
        TorchRuntime.Start();
        _table = new CandidateTensor(NmPattern.TwoOfFour, CPU);
        _weight = randn(Rows, Columns);
        _logits = randn(_table.Pattern.CandidateCount, Groups).mul_(0.01);
        _x = randn(Tokens, Columns);
    }

    [Benchmark(Baseline = true)]
    public void MatrixProduct()
    {
        using Tensor y = nn.functional.linear(_x, _weight);
    }

    [Benchmark]
    public void Noise()
    {
        using Tensor noise = MaskNoise.Gumbel(0, 0, 0, _table.Pattern.CandidateCount, Groups);
    }

    [Benchmark]
    public void NoiseSoftmaxAndMix()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = MaskNoise.Gumbel(0, 0, 0, _table.Pattern.CandidateCount, Groups);
        Tensor masked = _weight * SoftMask.Mix(SoftMask.Probabilities(_logits, noise, 100, 4), _table, Rows, Columns, hard: false);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _table.Dispose();
        foreach (Tensor tensor in new[] { _weight, _logits, _x }) tensor.Dispose();
        GC.SuppressFinalize(this);
    }
}
