import react from '@vitejs/plugin-react';

const chorus = { target: 'http://localhost:8080', ws: true };

export default {
  plugins: [react()],
  server: { proxy: { '/api': chorus, '/ws': chorus } },
};
