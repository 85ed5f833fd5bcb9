"""Where play answers."""

from rest_framework.routers import SimpleRouter

from esports.views.gamer import LeaderboardViewSet, StatisticsViewSet, TournamentViewSet
from esports.views.series import StudioSeriesViewSet
from esports.views.studio import StudioTournamentViewSet

router = SimpleRouter(trailing_slash=False)
router.register("fe/esports/tournaments", TournamentViewSet, basename="tournament")
router.register("fe/esports/leaderboards", LeaderboardViewSet, basename="leaderboard")
router.register("fe/esports/statistics", StatisticsViewSet, basename="statistics")
router.register("s2s/esports/tournaments", StudioTournamentViewSet, basename="studio-tournament")
router.register("s2s/esports/series", StudioSeriesViewSet, basename="studio-series")
urlpatterns = router.urls
