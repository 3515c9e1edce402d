using System.Numerics.Tensors;

namespace MaskLlm.Decoding;

/// <summary>Experts: the matrices of those that no token of a batch goes through are not read.</summary>
public sealed unsafe partial class RuntimeDecoder
{
    private void RunExperts(RuntimeExperts experts)
    {
        RoutedTokens routed = _routed!;
        int perToken = experts.Config.PerToken, width = experts.Config.Width;
        _team.Run(_count * experts.Config.Count, _score);
        _team.Run(_count, _choose, TokensForTeam);
        routed.Sort(_count);
        _team.Run(_count * perToken, _packRouted, TokensForTeam);
        int count = 0;
        foreach (int expert in routed.Reached)
        {
            RuntimeMlp mlp = experts.Mlps[expert];
            _products[count++] = Product(mlp.Up, routed, expert, _config.HiddenSize, routed.Up);
            if (mlp.Gate is { } gate) _products[count++] = Product(gate, routed, expert, _config.HiddenSize, routed.Gate);
        }
        Products(count);
        _team.Run(_count * perToken, _activateRouted, TokensForTeam);
        count = 0;
        foreach (int expert in routed.Reached)
            _products[count++] = Product(experts.Mlps[expert].Down, routed, expert, width, routed.Output);
        Products(count);
        _team.Run(_count, _combine, TokensForTeam);
    }

    private static RuntimeProduct Product(RuntimeLinear linear, RoutedTokens routed, int expert, int columns, ActivationBuffer output) =>
        new(linear.Weight, routed.InputOf(expert, columns), output.Data + (long)routed.FirstOf(expert) * output.Stride, output.Stride);

    // What the MLP reads.
    private ActivationBuffer MlpInput => _block.MlpNorm is null ? _hidden : _normed;

    private void Score(int worker, int from, int to)
    {
        RuntimeExperts experts = _block.Experts!;
        int count = experts.Config.Count, hidden = _config.HiddenSize;
        for (int piece = from; piece < to; piece++)
        {
            int token = piece / count, expert = piece % count;
            _routed!.Scores(token)[expert] =
                TensorPrimitives.Dot(MlpInput.Row(token), experts.Router.AsSpan(expert * hidden, hidden))
                + (experts.RouterBias?[expert] ?? 0);
        }
    }

    private void Choose(int worker, int from, int to)
    {
        RuntimeExperts experts = _block.Experts!;
        for (int token = from; token < to; token++)
            ExpertChoice.Of(experts.Config, _routed!.Scores(token), experts.Correction, _routed.Ranks(worker), _routed.Chosen(token),
                _routed.Weights(token));
    }

    private void PackRouted(int worker, int from, int to)
    {
        for (int pair = from; pair < to; pair++)
        {
            int expert = _routed!.ExpertOf(pair);
            _routed.Inputs.Pack(_routed.InputOf(expert, _config.HiddenSize), _routed.RowOf(pair) - _routed.FirstOf(expert),
                MlpInput.WholeRow(_routed.TokenOf(pair)));
        }
    }

    private void ActivateRouted(int worker, int from, int to)
    {
        RuntimeExperts experts = _block.Experts!;
        for (int pair = from; pair < to; pair++)
        {
            int expert = _routed!.ExpertOf(pair), row = _routed.RowOf(pair);
            Span<float> gate = _routed.Gate.Row(row), up = _routed.Up.Row(row);
            if (experts.Config.Limit is { } limit)
                ActivateLimited(experts.Mlps[expert], (float)limit, (float)experts.Config.Slope, gate, up);
            else Activate(experts.Mlps[expert], gate, up);
            _routed.Inputs.Pack(_routed.InputOf(expert, experts.Config.Width), row - _routed.FirstOf(expert), _routed.Up.WholeRow(row));
        }
    }

    /// <summary>What is added to the hidden state: of the MLP that every token goes through, and of its experts in the order of their
    /// choice.</summary>
    private void Combine(int worker, int from, int to)
    {
        RuntimeExperts experts = _block.Experts!;
        for (int token = from; token < to; token++)
        {
            Span<float> sum = _projected.Row(token);
            if (_block.Mlp is null) sum.Clear();
            else if (experts.SharedGate is { } gate)
                TensorPrimitives.Multiply(sum, 1 / (1 + MathF.Exp(-TensorPrimitives.Dot<float>(MlpInput.Row(token), gate))), sum);
            ReadOnlySpan<float> weights = _routed!.Weights(token);
            for (int i = 0; i < weights.Length; i++)
            {
                int pair = token * weights.Length + i;
                Span<float> output = _routed.Output.Row(_routed.RowOf(pair));
                AddBias(output, experts.Mlps[_routed.ExpertOf(pair)].Down.Bias);
                TensorPrimitives.MultiplyAdd(output, weights[i], sum, sum);
            }
        }
    }

    // up = (up + 1) gate sigmoid(slope gate), both cut before.
    private static void ActivateLimited(RuntimeMlp mlp, float limit, float slope, Span<float> gate, Span<float> up)
    {
        AddBias(up, mlp.Up.Bias);
        AddBias(gate, mlp.Gate!.Bias);
        TensorPrimitives.Min(gate, limit, gate);
        TensorPrimitives.Clamp(up, -limit, limit, up);
        for (int i = 0; i < up.Length; i++) up[i] = (up[i] + 1) * gate[i] / (1 + MathF.Exp(-slope * gate[i]));
    }
}
