import { button, element, setText } from './dom.js';
import { field } from './fields.js';
import { openDialog } from './form-dialog.js';

/** Shows a secret that the API tells only once, with a button that copies it. @param hint what to do with it */
export function showSecret(title: string, label: string, secret: string, hint: string): void {
  const text = element('input', { type: 'text', readonly: '', class: 'secret', value: secret });
  const status = element('p', { role: 'status' });
  const copy = button('Copy', () => {
    void copied(text).then((worked) =>
      setText(
        status,
        worked ? 'Copied.' : 'The browser does not allow that: the text is selected, copy it yourself.',
      ),
    );
  });
  const warning = element('p', {}, `${hint} It is not shown again.`);
  const done = button('Done', () => close());
  const close = openDialog(
    title,
    warning,
    field(label, text),
    status,
    element('div', { class: 'buttons' }, copy, done),
  );
  copy.classList.add('primary');
  copy.focus();
}

/** Copies a field. Pages that came over HTTP have the older of the two ways only. */
async function copied(text: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch {
    text.select();
    return document.execCommand('copy');
  }
}
