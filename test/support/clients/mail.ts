/** Lets a server take requests for mails. No mail server listens there. */
export const MAIL_SETTINGS = {
  SMTP_URL: 'smtp://127.0.0.1:9',
  MAIL_FROM: 'chat@example.com',
  PUBLIC_URL: 'https://chat.example',
};
