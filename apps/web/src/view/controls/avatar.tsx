import { hueOf, initials } from '../../model/words.js';

/** As many as the style sheet has. */
const HUES = 8;

/** A picture made of somebody's name; for the eye only. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  return (
    <span class={`avatar hue-${hueOf(name, HUES)}${small ? ' small' : ''}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
