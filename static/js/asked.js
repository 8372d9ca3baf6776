// Whether this page load is the redirect after asking: its cookie says so once, and a reload must not start anything.
const ASKED = "drive=1";

export const justAsked = document.cookie.split("; ").includes(ASKED);
if (justAsked) document.cookie = `drive=; Max-Age=0; Path=${location.pathname}; SameSite=Lax`;
