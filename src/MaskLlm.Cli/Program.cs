using TorchSharp;

Console.WriteLine(torch.arange(4).sum().item<long>());
