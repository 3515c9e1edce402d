namespace MaskLlm.Models;

/// <summary>Layers of a block that one input goes into; of layers of several matrices, as many inputs.</summary>
/// <param name="Layers">At least one, all of as many matrices.</param>
/// <param name="Experts">Of each of the matrices the expert that it is of; null of what every token goes through.</param>
/// <param name="IsDown">Whether they are the last matrices of MLPs.</param>
internal sealed record InputGroup(IReadOnlyList<LinearLayer> Layers, IReadOnlyList<int?> Experts, bool IsDown)
{
    /// <summary>Whether every token goes through them.</summary>
    internal bool IsOfEveryToken => Experts[0] is null;
}
