namespace MaskLlm.Permutations;

/// <summary>The assignment of columns to rows, one each, with the largest sum.</summary>
/// <remarks>Shortest augmenting paths with prices (Jonker and Volgenant 1987); at most n^3 steps, few where most rows get what is best for
/// them.</remarks>
internal static class Assignment
{
    private const int None = -1, BidsOfRow = 10;

    /// <summary>Solves it; of equal sums the same one is found every time.</summary>
    /// <param name="gains">(n, n), row after row.</param>
    /// <param name="size">n.</param>
    /// <returns>The column of each row.</returns>
    internal static int[] Largest(ReadOnlySpan<double> gains, int size)
    {
        double[] rowPrices = new double[size], columnPrices = new double[size];
        int[] columnOf = new int[size], rowOf = new int[size];
        Start(gains, size, columnPrices, columnOf, rowOf);
        Bid(gains, size, columnPrices, columnOf, rowOf);
        // The least cost of each row, which is that of its column where it has one.
        for (int row = 0; row < size; row++)
            rowPrices[row] = Cheapest(gains.Slice(row * size, size), columnPrices).Cost;
        double[] distances = new double[size];
        int[] before = new int[size];
        bool[] done = new bool[size];
        for (int row = 0; row < size; row++)
        {
            if (columnOf[row] != None) continue;
            int free = Path(gains, size, row, rowPrices, columnPrices, rowOf, distances, before, done);
            // Each row of the path takes the column that it was reached from.
            for (int column = free; column != None;)
            {
                int taker = before[column], next = columnOf[taker];
                (rowOf[column], columnOf[taker]) = (taker, column);
                column = next;
            }
        }
        return columnOf;
    }

    // Prices under which no cost, a negative gain, is below 0 and each column costs some row 0: it goes to one that is free.
    private static void Start(ReadOnlySpan<double> gains, int size, double[] columnPrices, int[] columnOf, int[] rowOf)
    {
        int[] best = new int[size];
        columnPrices.AsSpan().Fill(double.PositiveInfinity);
        for (int row = 0; row < size; row++)
            for (int column = 0; column < size; column++)
                if (-gains[row * size + column] < columnPrices[column])
                    (columnPrices[column], best[column]) = (-gains[row * size + column], row);
        columnOf.AsSpan().Fill(None);
        rowOf.AsSpan().Fill(None);
        for (int column = 0; column < size; column++)
            if (columnOf[best[column]] == None) (rowOf[column], columnOf[best[column]]) = (best[column], column);
    }

    // Each row without a column takes what is cheapest for it, from whoever has it, and makes it so much dearer that its next best costs
    // the same; as often as there are rows, some times over.
    private static void Bid(ReadOnlySpan<double> gains, int size, double[] columnPrices, int[] columnOf, int[] rowOf)
    {
        Queue<int> free = new(Enumerable.Range(0, size).Where(row => columnOf[row] == None));
        for (int bids = BidsOfRow * size; bids > 0 && free.TryDequeue(out int row); bids--)
        {
            (double cost, int column, double next) = Cheapest(gains.Slice(row * size, size), columnPrices);
            if (next == cost && rowOf[column] != None) continue;
            if (next < double.PositiveInfinity) columnPrices[column] -= next - cost;
            if (rowOf[column] != None)
            {
                columnOf[rowOf[column]] = None;
                free.Enqueue(rowOf[column]);
            }
            (rowOf[column], columnOf[row]) = (row, column);
        }
    }

    private static (double Cost, int Column, double Next) Cheapest(ReadOnlySpan<double> gains, double[] columnPrices)
    {
        double cost = double.PositiveInfinity, next = double.PositiveInfinity;
        int best = 0;
        for (int column = 0; column < gains.Length; column++)
        {
            double own = -gains[column] - columnPrices[column];
            if (own >= next) continue;
            if (own < cost) (cost, next, best) = (own, cost, column);
            else next = own;
        }
        return (cost, best, next);
    }

    // Dijkstra from a row to the nearest free column; prices are then such that costs along the path are 0.
    private static int Path(ReadOnlySpan<double> gains, int size, int start, double[] rowPrices, double[] columnPrices, int[] rowOf,
        double[] distances, int[] before, bool[] done)
    {
        distances.AsSpan().Fill(double.PositiveInfinity);
        done.AsSpan().Clear();
        List<int> reached = [];
        double reach = 0;
        for (int row = start; ;)
        {
            int nearest = None;
            ReadOnlySpan<double> gain = gains.Slice(row * size, size);
            for (int column = 0; column < size; column++)
            {
                if (done[column]) continue;
                double distance = reach - gain[column] - rowPrices[row] - columnPrices[column];
                if (distance < distances[column]) (distances[column], before[column]) = (distance, row);
                if (nearest == None || distances[column] < distances[nearest]) nearest = column;
            }
            reach = distances[nearest];
            done[nearest] = true;
            if (rowOf[nearest] == None)
            {
                rowPrices[start] += reach;
                foreach (int column in reached)
                {
                    rowPrices[rowOf[column]] += reach - distances[column];
                    columnPrices[column] -= reach - distances[column];
                }
                return nearest;
            }
            reached.Add(nearest);
            row = rowOf[nearest];
        }
    }
}
