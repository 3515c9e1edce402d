using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Serving.Http;

using RuntimeModel model = RuntimeModel.OpenOrPack(args[0], WeightType.Int8, mask: null);
using TextService service = new(model, name: "model");
WebApplication app = WebApplication.Create(args[1..]);
app.MapGet("/", () => $"{service.Name} on {service.Threads} threads");
app.MapMaskLlm(service);   // /v1/models, /v1/completions, /v1/chat/completions
app.Run();
