"""The words that all pages share, as (English, Dutch)."""

from __future__ import annotations

SHARED: dict[str, tuple[str, str]] = {
    # The whole app
    "nav_start": ("Start", "Start"),
    "nav_energy": ("Energy", "Energie"),
    "nav_about": ("About", "Over"),
    "language": ("Language", "Taal"),
    "local_only": (
        "Your files stay on the computer that runs this app.",
        "Uw bestanden blijven op de computer waarop deze app draait.",
    ),
    "walls_missing": (
        "This system lacks Landlock or seccomp: files are read in a process of their own with limits on "
        "memory and time, but not shut off from other files.",
        "Dit systeem mist Landlock of seccomp: bestanden worden in een eigen proces gelezen met grenzen aan "
        "geheugen en tijd, maar niet afgeschermd van andere bestanden.",
    ),
    # How a table is written
    "check_found": ("as found", "zoals gevonden"),
    "check_written_text": (
        "Found in the file: {found}. State it where that is wrong.",
        "Gevonden in het bestand: {found}. Geef het op waar dat niet klopt.",
    ),
    "check_separator": ("Between columns", "Tussen kolommen"),
    "check_decimal": ("Decimal mark", "Decimaalteken"),
    "check_date_order": ("Order of dates", "Volgorde van datums"),
    "check_encoding": ("Encoding", "Tekencodering"),
    "check_header_row": ("Header in row", "Kop in rij"),
    "check_sheet": ("Sheet (Excel)", "Werkblad (Excel)"),
    "written_comma": ("comma  ,", "komma  ,"),
    "written_semicolon": ("semicolon  ;", "puntkomma  ;"),
    "written_tab": ("tab", "tab"),
    "written_bar": ("bar  |", "streep  |"),
    "written_point": ("point  .", "punt  ."),
    "written_dmy": ("day, month, year", "dag, maand, jaar"),
    "written_mdy": ("month, day, year", "maand, dag, jaar"),
    "written_ymd": ("year, month, day", "jaar, maand, dag"),
    "written_utf8": ("UTF-8", "UTF-8"),
    "written_cp1252": ("Windows (cp1252)", "Windows (cp1252)"),
    "written_utf16": ("UTF-16", "UTF-16"),
    # Start
    "start_title": ("From your own files to a decision", "Van uw eigen bestanden naar een besluit"),
    "start_intro": (
        "Each pilot takes the files you already have, says how sure it is, and shows why.",
        "Elke pilot werkt met de bestanden die u al heeft, zegt hoe zeker hij is en laat zien waarom.",
    ),
    "start_energy_what": (
        "Load and weather in; a calibrated forecast, peak alarms and the reasons behind them out.",
        "Belasting en weer erin; een gekalibreerde voorspelling, piekalarmen en de redenen eruit.",
    ),
    "start_open": ("Open", "Openen"),
    "start_newest": ("Your newest forecast", "Uw nieuwste voorspelling"),
    "start_none": ("No pilot is installed.", "Er is geen pilot geïnstalleerd."),
    # About
    "about_title": ("About this suite", "Over deze suite"),
    "about_intro": (
        "Sector pilots takes energy, health, farm and transport data from a file to a result with its "
        "uncertainty, on a laptop or on a cluster, through this app or the `pilots` command.",
        "Sector pilots brengt energie-, zorg-, landbouw- en vervoersdata van bestand naar resultaat, mét "
        "onzekerheid, op een laptop of een cluster, via deze app of het commando `pilots`.",
    ),
    "about_privacy": ("Privacy", "Privacy"),
    "about_privacy_text": (
        "The app listens on its own computer only (127.0.0.1), or behind a login where its operator chose "
        "so, and asks no other machine for anything: no fonts, no maps, no statistics. Files are read in "
        "a closed-off process that sees nothing else. They and the results are kept in a folder that only "
        "the operator can read; uploads that were not used go after a day, the fifty newest forecasts stay. "
        "No log holds file names or content.",
        "De app luistert alleen op de eigen computer (127.0.0.1), of achter een login als de beheerder dat "
        "koos, en vraagt niets aan een andere machine: geen lettertypen, kaarten of statistieken. Bestanden "
        "worden gelezen in een afgesloten proces dat verder niets ziet. Ze staan met de resultaten in een "
        "map die alleen de beheerder kan lezen; ongebruikte uploads verdwijnen na een dag, de vijftig "
        "nieuwste voorspellingen blijven. Geen log bevat bestandsnamen of inhoud.",
    ),
    "about_pilots": ("Installed pilots", "Geïnstalleerde pilots"),
    "about_doctor": ("This machine", "Deze computer"),
    "about_doctor_text": (
        "The same facts as `pilots doctor`.",
        "Dezelfde feiten als `pilots doctor`.",
    ),
    "about_looking": ("Looking around…", "Even rondkijken…"),
    "about_mend": ("To mend it: {mend}", "Herstellen: {mend}"),
    # Steps
    "step_choose": ("Choose", "Kies"),
    "step_check": ("Check", "Controleer"),
    "step_run": ("Run", "Reken"),
    "step_understand": ("Understand", "Begrijp"),
    "step_take": ("Take away", "Neem mee"),
    # Jobs
    "job_queued": ("Waiting for {n} other runs", "Wacht op {n} andere berekeningen"),
    "job_queued_one": ("Waiting for one other run", "Wacht op één andere berekening"),
    "job_starting": ("Starting", "Start"),
    "job_cancelling": ("Stopping", "Stopt"),
    "job_cancel": ("Cancel", "Annuleer"),
    "job_cancelled": ("This forecast was cancelled.", "Deze voorspelling is geannuleerd."),
    "job_failed": ("The forecast stopped: {message}", "De voorspelling is gestopt: {message}"),
    "job_elapsed": ("{s} s so far", "{s} s bezig"),
    "job_left": ("about {s} s to go", "nog ongeveer {s} s"),
    "job_link": (
        "You can close this page: its link brings you back.",
        "U kunt deze pagina sluiten: de link brengt u terug.",
    ),
    "job_again": ("Back to the settings", "Terug naar de instellingen"),
    "job_new": ("New forecast", "Nieuwe voorspelling"),
    "job_unreadable": ("The result cannot be read: {message}", "Het resultaat is niet te lezen: {message}"),
    "fault": (
        "Something in the app itself went wrong ({kind}, id {id}). Your data are safe; load the page again.",
        "Er ging iets mis in de app zelf ({kind}, id {id}). Uw data zijn veilig; laad de pagina opnieuw.",
    ),
    # Take away
    "take_title": ("Take away", "Neem mee"),
    "take_csv": ("Forecast (CSV)", "Voorspelling (CSV)"),
    "take_parquet": ("Forecast (Parquet)", "Voorspelling (Parquet)"),
    "take_html": ("Report (HTML)", "Rapport (HTML)"),
    "take_what": ("What", "Wat"),
    "take_value": ("Value", "Waarde"),
    "take_made": ("How this was made", "Hoe dit gemaakt is"),
    "take_command": ("The same on the command line", "Hetzelfde op de opdrachtregel"),
    "take_link": (
        "This page's link brings you back to this result.",
        "De link van deze pagina brengt u terug naar dit resultaat.",
    ),
}
