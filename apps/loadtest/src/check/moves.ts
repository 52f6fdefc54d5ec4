/**
 * How few of these have to move for all to be in ascending order: all but the longest ascending subsequence, which is
 * found by patience sorting. The numbers are different from each other.
 */
export function movesToSort(numbers: ArrayLike<number>): number {
  /** Of the ascending subsequences of each length so far, the lowest last number. */
  const lasts: number[] = [];
  for (let at = 0; at < numbers.length; at++) {
    const number = numbers[at] ?? 0;
    let [low, high] = [0, lasts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((lasts[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    lasts[low] = number;
  }
  return numbers.length - lasts.length;
}
