// Counts again every few seconds while the teacher's page is seen; nothing else of the page changes.
const EVERY = 4000;
async function countAgain() {
  if (document.hidden) return;
  try {
    const answer = await fetch(window.location.href, {credentials: 'same-origin'});
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('counts');
    const shown = document.getElementById('counts');
    if (fresh && shown && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(document.adoptNode(fresh));
  } catch (error) {
    // The server has ended, or the network is away: the last counts stay.
  }
}
setInterval(countAgain, EVERY);
