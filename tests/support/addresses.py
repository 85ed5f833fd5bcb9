"""Paths of the API and of the console that several test modules call, and an id that nothing has."""

BALANCE = "/fe/wallet/balance"
STATEMENT = "/fe/wallet/transactions"
CLAIM = "/fe/esports/rewards/claim"
HISTORIC = "/fe/esports/statistics/historic"
SESSION = "/s2s/session"
TOURNAMENTS = "/s2s/esports/tournaments"
SERIES = "/s2s/esports/series"

TOURNAMENT_LIST = "/console/esports/tournament/"
WITHDRAWAL_LIST = "/console/wallet/withdrawal/"
QUEUE = "/console/money/withdrawals/"
APPROVALS = "/console/oversight/approvals/"
TRAIL = "/console/kgen/auditentry/"

UNKNOWN_UID = "00000000-0000-7000-8000-000000000000"
JOBS = "/console/jobs/"
