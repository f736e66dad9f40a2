// Svenska: samtalet. Hämtas med det, så att listan inte väntar på texterna.

export const sv = {
  facts: {
    started: 'Började',
    format: 'Format',
    stored: 'Lagrat',
    ends: 'Raderas',
    held: 'Hålls kvar',
    call: 'Samtals-id',
  },
  conflict: {
    title: 'Ni skrev samtidigt',
    text: 'Någon annan ändrade samtalet medan du skrev. Inget är förlorat: välj vad som ska gälla.',
    theirs: 'Deras',
    mine: 'Ditt',
    nothing: 'ingenting',
    joined: 'Tillsammans',
    keepTheirs: 'Behåll deras',
    keepMine: 'Använd mitt',
    join: 'Slå ihop …',
    keepJoined: 'Använd båda',
  },
  leg: {
    conversation: 'Samtalets delar',
    text: 'Ett vidarekopplat samtal eller en konferens är flera inspelningar.',
    participants: 'Deltagare',
    alone: 'Det finns inga andra delar som du får se.',
  },
};
