/**
 * Line drawings of 24 × 24, in the colour of the text. Hidden from screen readers: elements with an icon have a name
 * as well.
 */
const PATHS = {
  account: 'M12 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM5 20c0-4 3-6 7-6s7 2 7 6',
  add: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  bell: 'M6 17v-6a6 6 0 0112 0v6M4 17h16M10 20.5h4',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  clock: 'M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18z',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  lock: 'M7 11V8a5 5 0 0110 0v3M5.500 11h13v9h-13z',
  menu: 'M12 5.5h.01M12 12h.01M12 18.5h.01',
  out: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  people:
    'M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.5a3.5 3.5 0 010 6.5M18 14.5c2.3.8 3.5 2.700 3.5 5.5',
  refresh: 'M20 11a8 8 0 10-2.3 6.5M20 5v6h-6',
  search: 'M11 4a7 7 0 100 14 7 7 0 000-14zM16.5 16.5L21 21',
  send: 'M5 12h13M12 5l7 7-7 7',
  write: 'M4 20l1-4L16 5l3 3L8 19zM13.500 7.500l3 3',
  warning: 'M12 8v5M12 16.5v.01M12 3a9 9 0 100 18 9 9 0 000-18z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
