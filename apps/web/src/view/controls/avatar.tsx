import { hueOf, initials } from '../../model/words.js';

/** Number of colours in the style sheet. */
const HUES = 8;

/** A picture made from a user name; hidden from screen readers. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  return (
    <span class={`avatar hue-${hueOf(name, HUES)}${small ? ' small' : ''}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
