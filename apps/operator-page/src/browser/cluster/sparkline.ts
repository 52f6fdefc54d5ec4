const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 120;
const HEIGHT = 28;

/** Number of values kept: two minutes at one per second. */
const LENGTH = 120;

/** A line of the last values; hidden from screen readers, which have the number beside it. */
export class Sparkline {
  readonly root: SVGSVGElement;
  readonly #line: SVGPolylineElement;
  readonly #values: number[] = [];

  constructor() {
    this.root = document.createElementNS(SVG, 'svg');
    this.root.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.root.setAttribute('preserveAspectRatio', 'none');
    this.root.setAttribute('aria-hidden', 'true');
    this.root.setAttribute('class', 'sparkline');
    this.#line = document.createElementNS(SVG, 'polyline');
    this.#line.setAttribute('vector-effect', 'non-scaling-stroke');
    this.root.append(this.#line);
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > LENGTH) this.#values.shift();
    const top = Math.max(...this.#values, 1);
    const first = LENGTH - this.#values.length;
    const points = this.#values.map((each, at) => {
      const x = ((first + at) / (LENGTH - 1)) * WIDTH;
      const y = HEIGHT - 1 - (each / top) * (HEIGHT - 2);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    this.#line.setAttribute('points', points.join(' '));
  }
}
