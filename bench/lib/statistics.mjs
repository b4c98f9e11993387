// What samples amount to.

/** Linear interpolation between the two nearest, as R's and NumPy's default. */
export function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export const median = (samples) => quantile(sort(samples), 0.5);

const sort = (samples) => Float64Array.from(samples).sort();

/** Median, spread (the interquartile range) and p99 of all samples. */
export function summarize(samples) {
  const sorted = sort(samples);
  const [q1, middle, q3] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return {
    samples: sorted.length,
    median: middle,
    q1,
    q3,
    spread: q3 - q1,
    p99: quantile(sorted, 0.99),
    min: sorted[0],
    max: sorted[sorted.length - 1],
  };
}

/**
 * How many times `theirs` is `ours`: the median, over the rounds, of the ratio within a round. The
 * machine's other work changes from round to round, and so touches both sides of each ratio alike.
 */
export function ratioOf(theirs, ours, pick = median) {
  const ratios = theirs.map((samples, round) => pick(samples) / pick(ours[round]));
  const { median: middle, q1, q3 } = summarize(ratios);
  return { ratio: middle, q1, q3 };
}
