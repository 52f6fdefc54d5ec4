import type { Notifier } from '../model/notifier.js';
import { Icon } from './controls/icon.js';

/** Asks whether the user wants notifications, at a moment at which they would be of use. */
export function NotificationOffer({ notifier }: { notifier: Notifier }) {
  if (!notifier.offered.value) return null;
  return (
    <div class="notice offer" role="status" aria-label="Notifications">
      <Icon name="bell" />
      <p>Be notified of mentions and direct messages while this page is in the background?</p>
      <button type="button" onClick={() => void notifier.turnOn()}>
        Turn on
      </button>
      <button type="button" onClick={() => notifier.turnOff()}>
        Not now
      </button>
    </div>
  );
}

/** Turns notifications on and off. */
export function NotificationSwitch({ notifier }: { notifier: Notifier }) {
  const state = notifier.state.value;
  if (state === 'unsupported') return null;
  if (state === 'denied') return <p class="hint">The browser does not allow notifications here.</p>;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={state === 'on'}
        onChange={() => void (state === 'on' ? notifier.turnOff() : notifier.turnOn())}
      />
      Notify of mentions and direct messages
    </label>
  );
}
