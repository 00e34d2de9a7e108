"""A warning that sets a snow response going, as a weather service would send it now."""

from __future__ import annotations

from datetime import datetime, timedelta


def snow_alert(now: datetime, geocode: str) -> bytes:
    """A fresh heavy-snow warning, onset in six hours."""

    def stamp(at: datetime) -> str:
        return at.strftime("%Y-%m-%dT%H:%M:%S-00:00")

    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>bench-{now.timestamp()}</identifier>
<sender>bench</sender><sent>{stamp(now)}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Met</category><event>snow</event><urgency>Expected</urgency><severity>Severe</severity>
<certainty>Likely</certainty><onset>{stamp(now + timedelta(hours=6))}</onset>
<expires>{stamp(now + timedelta(hours=30))}</expires><area><areaDesc>city</areaDesc>
<geocode><valueName>x</valueName><value>{geocode}</value></geocode></area></info></alert>""".encode()
