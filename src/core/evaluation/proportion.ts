/**
 * The Clopper–Pearson upper bound of a proportion: the p at which k or fewer of n would be seen with a probability of
 * 1 − confidence (one-sided). For k = 0 it is 1 − (1 − confidence)^(1/n), about 3/n.
 * @see Clopper, Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial
 */
export function proportionUpperBound(k: number, n: number, confidence = 0.95): number {
  if (n === 0 || k >= n) return 1;
  let [low, high] = [k / n, 1];
  for (let step = 0; step < 60; step++) {
    const p = (low + high) / 2;
    if (binomialTail(k, n, p) > 1 - confidence) low = p;
    else high = p;
  }
  return (low + high) / 2;
}

/** P(X ≤ k) of n draws with probability p, 0 < p < 1. */
function binomialTail(k: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return sum;
}
