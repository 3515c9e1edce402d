using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Tokens;

using RuntimeModel model = RuntimeModel.OpenOrPack(args[0], WeightType.Int8, mask: args.ElementAtOrDefault(2));
Tokenizer tokenizer = model.LoadTokenizer();
using RuntimeDecoder decoder = new(model);
using KeyValueCache cache = decoder.StartSequence();
int[] prompt = tokenizer.Encode(args[1], addSpecialTokens: true);
GenerationResult result = Generation.Continue(decoder, cache, prompt, tokens: 64, new SamplingOptions(), tokenizer.EndOfTextIds);
Console.WriteLine(tokenizer.Decode([.. result.Ids], skipSpecialTokens: true));
