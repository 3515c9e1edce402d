using System.CommandLine;
using MaskLlm.LlamaCpp;

// llama.cpp beside our own computation: each verb prints one line of JSON.
RootCommand root = new("Runs GGUF files of `maskllm export` in llama.cpp and compares.");
root.Add(PerplexityVerb.Create());
root.Add(LogitsVerb.Create());
root.Add(TokensVerb.Create());
root.Add(SpeedVerb.Create());
return root.Parse(args).Invoke();
