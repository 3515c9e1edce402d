return MaskLlm.Cli.CommandLine.Run(args);
