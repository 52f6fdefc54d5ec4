// Draws the plots of a report from the data in the page. Runs in the browser unchanged.
(() => {
  const { timeline, buckets } = JSON.parse(document.getElementById('data').textContent);
  const HEIGHT = 220;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  const light = { blue: '#2667c9', orange: '#c8620b', green: '#22863f', red: '#b3202c', violet: '#7a4fb5' };
  const bright = { blue: '#6ea8ff', orange: '#ffa552', green: '#6fd396', red: '#ff8a8f', violet: '#c3a1f5' };

  const count = (value) => (value == null ? '' : Math.round(value).toLocaleString('en-US'));
  const ms = (value) => (value == null ? '' : `${Number(value.toPrecision(3))} ms`);
  const share = (value) => (value == null ? '' : `${Math.round(value * 100)} %`);
  const short = (value) => {
    if (value >= 1e6) return `${value / 1e6}M`;
    return value >= 1e4 ? `${value / 1e3}k` : String(value);
  };
  const of = (read) => timeline.map((moment) => read(moment) ?? null);

  /** The plots. A line has a name, a colour, its values and a formatter. */
  const PLOTS = [
    {
      title: 'Connections',
      lines: [
        ['in their rooms', 'blue', of((moment) => moment.connected), count],
        ['connects failed', 'red', of((moment) => moment.connectFailures), count],
      ],
    },
    {
      title: 'Deliveries a second',
      lines: [['delivered', 'blue', of((moment) => moment.delivered), count]],
    },
    {
      title: 'Messages a second',
      lines: [
        ['sent', 'blue', of((moment) => moment.sent), count],
        ['acked', 'green', of((moment) => moment.acked), count],
      ],
    },
    {
      title: 'Delivery time, ms',
      log: true,
      lines: [
        ['p50', 'green', of((moment) => moment.deliveryMs?.p50), ms],
        ['p99', 'orange', of((moment) => moment.deliveryMs?.p99), ms],
        ['p99.9', 'red', of((moment) => moment.deliveryMs?.p999), ms],
        ['ack p99', 'violet', of((moment) => moment.ackMs?.p99), ms],
      ],
    },
    {
      title: 'The tool: delay of its event loop, ms',
      lines: [
        ['delay', 'orange', of((moment) => moment.toolDelayMs), ms],
        ['busy', 'violet', of((moment) => moment.toolBusy), share, 'share'],
      ],
    },
  ];

  const place = document.getElementById('plots');
  let drawn = [];

  function draw() {
    for (const plot of drawn) plot.destroy();
    place.replaceChildren();
    drawn = [];
    // All places are created first: the width of each depends on their number.
    const places = timeline.length > 0 ? PLOTS.map((plot) => [plot, box(plot.title)]) : [];
    const last = buckets.length > 0 ? box('Delivery times, ms') : undefined;
    drawn = places.map(([plot, element]) => drawTimeline(plot, element));
    if (last) drawn.push(drawHistogram(last));
  }

  function box(title) {
    const element = document.createElement('div');
    element.className = 'plot';
    const heading = document.createElement('h2');
    heading.textContent = title;
    element.append(heading);
    place.append(element);
    return element;
  }

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = (more) => ({
    stroke: style('--soft'),
    grid: { stroke: style('--line'), width: 1 },
    ticks: { stroke: style('--line'), width: 1 },
    ...more,
  });
  /** Text of a line in the legend: the value under the pointer, otherwise the largest. */
  const orMost = (values, write) => (_, value, __, index) => {
    if (index != null) return write(value);
    const known = values.filter((one) => one != null);
    return known.length === 0 ? '–' : `at most ${write(Math.max(...known))}`;
  };
  const width = (element) => element.clientWidth - 20;

  function drawTimeline({ lines, log }, element) {
    const colours = dark.matches ? bright : light;
    const twoScales = lines.some(([, , , , scale]) => scale);
    // A logarithmic scale has no 0, and seconds without measurements are not drawn.
    const values = lines.map(([, , data]) => (log ? data.map((value) => (value > 0 ? value : null)) : data));
    const options = {
      width: width(element),
      height: HEIGHT,
      cursor: { sync: { key: 'time' } },
      scales: {
        x: { time: false },
        y: log ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
        share: { range: [0, 1] },
      },
      axes: [
        axis({ values: (_, ticks) => ticks.map((tick) => `${tick} s`) }),
        axis({ size: 56, values: (_, ticks) => ticks.map((tick) => (tick == null ? '' : short(tick))) }),
        ...(twoScales
          ? [
              axis({
                side: 1,
                scale: 'share',
                size: 56,
                grid: { show: false },
                values: (_, ticks) => ticks.map(share),
              }),
            ]
          : []),
      ],
      series: [
        { label: 'at', value: (_, value) => (value == null ? 'any time' : `${value} s`) },
        ...lines.map(([label, colour, , write, scale], index) => ({
          label,
          stroke: colours[colour],
          width: 2,
          points: { show: timeline.length < 3 },
          scale: scale ?? 'y',
          value: orMost(values[index], write),
        })),
      ],
    };
    return new uPlot(options, [timeline.map(({ at }) => at), ...values], element);
  }

  function drawHistogram(element) {
    const colour = (dark.matches ? bright : light).blue;
    const options = {
      width: width(element),
      height: HEIGHT,
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, max * 1.08] } },
      axes: [
        axis({
          values: (_, ticks) =>
            ticks.map((at) => (buckets[at] ? short(Number(buckets[at].upTo.toPrecision(2))) : '')),
          incrs: [1, 2, 4, 8, 16],
        }),
        axis({ size: 56, values: (_, ticks) => ticks.map(short) }),
      ],
      series: [
        { label: 'up to', value: (_, at) => (buckets[at] ? ms(buckets[at].upTo) : 'any time') },
        {
          label: 'deliveries',
          stroke: colour,
          fill: `${colour}66`,
          width: 1,
          paths: uPlot.paths.bars({ size: [0.9] }),
          points: { show: false },
          value: orMost(
            buckets.map((bucket) => bucket.count),
            count,
          ),
        },
      ],
    };
    const data = [buckets.map((_, index) => index), buckets.map((bucket) => bucket.count)];
    return new uPlot(options, data, element);
  }

  draw();
  dark.addEventListener('change', draw);
  let timer;
  addEventListener('resize', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      for (const plot of drawn) plot.setSize({ width: width(plot.root.parentElement), height: HEIGHT });
    }, 100);
  });
})();
