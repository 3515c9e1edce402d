using BenchmarkDotNet.Attributes;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Training;
using static TorchSharp.torch;

namespace MaskLlm.Bench;

/// <summary>The three passes over one layer, (O, I) = (1536, 576), with every kernel of this processor; the scalar one is the baseline of
/// each.</summary>
[MemoryDiagnoser]
public class MaskKernelBenchmark : IDisposable
{
    private static readonly MaskSample Sample = new(0, 0, 0, 100, 4, 1e-5f, false);

    private CandidateTensor _table = null!;
    private LearnedLayer _layer = null!;
    private FusedMaskStep _step = null!;
    private Tensor _masked = null!, _gradient = null!;

    [Params("scalar", "avx2", "avx512")]
    public string Kernel { get; set; } = "scalar";

    [Params(MomentType.Float32, MomentType.Int8)]
    public MomentType Moments { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        TorchRuntime.Start();
        Environment.SetEnvironmentVariable(KernelChoice.Variable, Kernel);
        using IDisposable noGradient = no_grad();
        LinearLayer linear = new("layer", randn(1536, 576), null);
        _table = new CandidateTensor(NmPattern.TwoOfFour, CPU);
        _layer = new LearnedLayer(linear, 0, ScalarType.Float32,
            MaskLogits.Create(linear, 0, _table, new LearnOptions { Moments = Moments }, null));
        _step = new FusedMaskStep(NmPattern.TwoOfFour);
        (_masked, _gradient) = (empty_like(linear.Weight), randn(1536, 576).mul_(1e-3));
    }

    [Benchmark]
    public void DrawMasks() => _step.Sample(_layer, Sample, _masked);

    [Benchmark]
    public void Norm() => _step.SquaredNorm(_layer, Sample, _gradient);

    [Benchmark]
    public void Update() => _step.Update(_layer, Sample, _gradient, 0.5, new AdamWRates(0, 1e-3, 0.1, 1e-5));

    [GlobalCleanup]
    public void Dispose()
    {
        _step.Dispose();
        _layer.Dispose();
        _table.Dispose();
        _masked.Dispose();
        _gradient.Dispose();
        GC.SuppressFinalize(this);
    }
}
