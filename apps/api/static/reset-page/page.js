// Sets a new password with the token in the fragment of the address, which browsers send to no server.
const form = document.querySelector('form');
const password = document.querySelector('#password');
const result = document.querySelector('#result');
let token = '';

function show() {
  const text = location.hash.slice(1);
  if (text !== '') {
    token = text;
    // The history of the browser keeps no token.
    history.replaceState(null, '', location.pathname);
  }
  form.hidden = token === '';
  result.textContent = token === '' ? 'The link is not complete: copy all of it into the address bar.' : '';
}

async function change() {
  try {
    const response = await fetch('users/reset-password', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, newPassword: password.value }),
    });
    if (response.ok) return 'The password is changed. Sign in with the new one.';
    const { error } = await response.json();
    return `That did not work: ${error.replace(/^newPassword/, 'the password')}.`;
  } catch {
    return 'There was no answer. Try again.';
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  result.textContent = '';
  const text = await change();
  button.disabled = false;
  if (text.startsWith('The password')) form.remove();
  result.textContent = text;
});
addEventListener('hashchange', show);
show();
