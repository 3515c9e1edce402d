namespace MaskLlm.Tokens.Expressions;

/// <summary>A parsed pattern, a tree.</summary>
internal abstract record Expression
{
    /// <summary>Lengths of more code points count as this.</summary>
    public const int Unbounded = int.MaxValue;

    /// <summary>The fewest code points that it matches.</summary>
    public abstract long Shortest { get; }

    /// <summary>The most code points that it matches.</summary>
    public abstract long Longest { get; }

    /// <summary>The code points that a match can begin with; meaningless where it matches the empty text.</summary>
    public abstract CodePointSet First { get; }

    /// <summary>One code point of a set.</summary>
    public sealed record One(CodePointSet Set) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest => 1;

        /// <inheritdoc/>
        public override long Longest => 1;

        /// <inheritdoc/>
        public override CodePointSet First => Set;
    }

    /// <summary>Several in turn; of none, the empty text.</summary>
    public sealed record Sequence(IReadOnlyList<Expression> Parts) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest { get; } = Math.Min(Unbounded, Parts.Sum(part => part.Shortest));

        /// <inheritdoc/>
        public override long Longest { get; } = Math.Min(Unbounded, Parts.Sum(part => part.Longest));

        /// <inheritdoc/>
        public override CodePointSet First { get; } = FirstOf(Parts);

        private static CodePointSet FirstOf(IReadOnlyList<Expression> parts)
        {
            CodePointSet first = CodePointSet.None;
            foreach (Expression part in parts)
            {
                first = first.Union(part.First);
                if (part.Shortest > 0)
                    break;
            }

            return first;
        }
    }

    /// <summary>The first of several that leads to a match.</summary>
    public sealed record Choice(IReadOnlyList<Expression> Branches) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest { get; } = Branches.Min(branch => branch.Shortest);

        /// <inheritdoc/>
        public override long Longest { get; } = Branches.Max(branch => branch.Longest);

        /// <inheritdoc/>
        public override CodePointSet First { get; } = Branches.Aggregate(CodePointSet.None, (first, branch) => first.Union(branch.First));
    }

    /// <summary>A repeated one.</summary>
    public sealed record Repeat(Expression Body, int Least, int Most, Greed Greed) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest { get; } = Math.Min(Unbounded, Body.Shortest * Least);

        /// <inheritdoc/>
        public override long Longest { get; } = Body.Longest == 0 ? 0 : Math.Min(Unbounded, Body.Longest * Most);

        /// <inheritdoc/>
        public override CodePointSet First => Body.First;
    }

    /// <summary>One whose first match counts, whatever follows.</summary>
    public sealed record Atomic(Expression Body) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest => Body.Shortest;

        /// <inheritdoc/>
        public override long Longest => Body.Longest;

        /// <inheritdoc/>
        public override CodePointSet First => Body.First;
    }

    /// <summary>What must stand after the place or before it, or must not.</summary>
    public sealed record Look(Expression Body, bool IsBehind, bool IsNegative) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest => 0;

        /// <inheritdoc/>
        public override long Longest => 0;

        /// <inheritdoc/>
        public override CodePointSet First => CodePointSet.None;
    }

    /// <summary>A kind of place.</summary>
    public sealed record Place(PlaceKind Kind) : Expression
    {
        /// <inheritdoc/>
        public override long Shortest => 0;

        /// <inheritdoc/>
        public override long Longest => 0;

        /// <inheritdoc/>
        public override CodePointSet First => CodePointSet.None;
    }
}
