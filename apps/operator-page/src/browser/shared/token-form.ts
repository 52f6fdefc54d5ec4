import { byId, setText } from './dom.js';

const KEY = 'chorus-operator-token';

/** Asks for the token and keeps it in this tab until the tab is closed. */
export class TokenForm {
  readonly #form = byId('token-form', HTMLFormElement);
  readonly #field = byId('token', HTMLInputElement);
  readonly #error = byId('token-error', HTMLElement);

  /** @param given called with each token that is entered */
  constructor(given: (token: string) => void) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = this.#field.value.trim();
      this.#field.value = '';
      sessionStorage.setItem(KEY, token);
      given(token);
    });
  }

  /** The token of this tab. */
  get kept(): string | undefined {
    return sessionStorage.getItem(KEY) ?? undefined;
  }

  /** Deletes the token and asks for one. @param why what is wrong with the last one */
  ask(why = ''): void {
    sessionStorage.removeItem(KEY);
    this.#form.hidden = false;
    this.#field.setAttribute('aria-invalid', String(why !== ''));
    setText(this.#error, why);
    this.#field.focus();
  }

  hide(): void {
    this.#form.hidden = true;
    setText(this.#error, '');
  }
}
