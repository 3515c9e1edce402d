namespace MaskLlm.Products;

/// <summary>Products of packed weights and activations: y = x W^T.</summary>
internal unsafe interface IProductKernel
{
    /// <summary>How it is called in reports and in <c>MASKLLM_KERNEL</c>.</summary>
    string Name { get; }

    /// <summary>Multiplies some blocks of rows; allocates nothing.</summary>
    /// <param name="weights">W (O, I).</param>
    /// <param name="firstBlock">The first block of 16 rows.</param>
    /// <param name="endBlock">The block after the last.</param>
    /// <param name="input">x, as floats for float weights and as bytes for integers; as many columns as the weights, filled up.</param>
    /// <param name="output">y, (tokens filled up to whole tiles, stride) float32; the rows of the blocks are written.</param>
    /// <param name="stride">Values from one token to the next; at least the rows filled up to blocks.</param>
    void Multiply(in PackedMatrix weights, int firstBlock, int endBlock, in ProductInput input, float* output, int stride);
}
