"""Icons, drawn for webnas on a grid of 20 × 20; strokes take the colour of the text."""

PATHS = {
    "runs": '<path d="M3 3v14h14"/><path d="M5 14c2-6 6-8 11-9" opacity=".5"/>'
    '<circle cx="6" cy="11.6" r="1.4"/><circle cx="9.6" cy="7.9" r="1.4"/>'
    '<circle cx="14.6" cy="5.4" r="1.4"/>',
    "devices": '<rect x="5" y="5" width="10" height="10" rx="1.6"/>'
    '<rect x="8" y="8" width="4" height="4"/>'
    '<path d="M8 2.5V5m4-2.5V5M8 15v2.5m4-2.5v2.5M2.5 8H5m-2.5 4H5m10-4h2.5M15 12h2.5"/>',
    "datasets": '<rect x="2.5" y="6" width="11.5" height="11" rx="1.6"/>'
    '<path d="M6 3h9.5A1.5 1.5 0 0 1 17 4.5V14"/>'
    '<path d="m3.5 15 3-3.2 2.4 2.1 2-1.8 2.4 2.2"/><circle cx="6.4" cy="9.4" r="1"/>',
    "spaces": '<circle cx="4" cy="10" r="1.7"/><circle cx="10" cy="4" r="1.7"/>'
    '<circle cx="10" cy="10" r="1.7"/><circle cx="10" cy="16" r="1.7"/>'
    '<circle cx="16" cy="10" r="1.7"/><path d="m5.3 8.8 3.5-3.5M5.7 10h2.6m-3 1.2 3.5 3.5"/>'
    '<path d="m11.2 5.3 3.5 3.5M11.7 10h2.6m-3.1 4.7 3.5-3.5"/>',
    "models": '<path d="m10 2.6 6.5 3.7v7.4L10 17.4l-6.5-3.7V6.3z"/>'
    '<path d="m3.7 6.4 6.3 3.5 6.3-3.5M10 9.9v7.3"/>',
    "supernets": '<rect x="2.5" y="2.5" width="15" height="15" rx="2" opacity=".5"/>'
    '<rect x="2.5" y="7.5" width="10" height="10" rx="1.6"/>'
    '<rect x="2.5" y="12.5" width="5" height="5" rx="1.2"/>',
    "account": '<circle cx="10" cy="7" r="3.2"/>'
    '<path d="M3.8 17c.7-3.4 3.2-5 6.2-5s5.5 1.6 6.2 5"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "pause": '<path d="M7 5v10M13 5v10"/>',
    "play": '<path d="M6.5 4.5 15 10l-8.5 5.5z"/>',
    "stop": '<rect x="5" y="5" width="10" height="10" rx="1.5"/>',
    "trash": '<path d="M4 5.5h12M8 5.5V3.8h4v1.7M5.5 5.5l.8 11h7.4l.8-11M8.5 9v4.5M11.5 9v4.5"/>',
    "copy": '<rect x="7" y="7" width="9.5" height="9.5" rx="1.5"/>'
    '<path d="M13 7V4.5A1 1 0 0 0 12 3.5H4.5a1 1 0 0 0-1 1V12a1 1 0 0 0 1 1H7"/>',
    "download": '<path d="M10 3v9.5m-4-3.8 4 4 4-4M3.5 16.5h13"/>',
    "upload": '<path d="M10 13V3.5m-4 3.8 4-4 4 4M3.5 16.5h13"/>',
    "theme": '<circle cx="10" cy="10" r="6.5"/>'
    '<path d="M10 3.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>',
    "logout": '<path d="M8 3.5H4.5v13H8M12.5 6.5 16 10l-3.5 3.5M15.5 10H8"/>',
    "info": '<circle cx="10" cy="10" r="7"/><path d="M10 9v4.5M10 6.3v.2"/>',
    "warning": '<path d="m10 3 7.5 13.5h-15z"/><path d="M10 8v4M10 14.2v.2"/>',
    "check": '<circle cx="10" cy="10" r="7"/><path d="m6.8 10.3 2.3 2.3 4.2-4.8"/>',
    "edit": '<path d="M4 16h3l8.5-8.5-3-3L4 13zM11 6l3 3"/>',
    "extend": '<path d="M4 10h9m-3.5-4 4 4-4 4M16.5 4.5v11"/>',
    "back": '<path d="m12 4.5-5.5 5.5 5.5 5.5"/>',
    "refresh": '<path d="M16 10a6 6 0 1 1-1.8-4.3M16.5 3.5v3.2h-3.2"/>',
    "key": '<circle cx="6.5" cy="13.5" r="3"/><path d="m8.7 11.3 7.3-7.3m-3 3 2 2"/>',
}
